/* SPDX-License-Identifier: BSD-2-Clause */

/* Floating point: a linear system, the Mandelbrot set, series, in double and float. */
#include "tests/rv64/programs/program.h"

enum { SIZE = 24 };

static double matrix[SIZE][SIZE + 1];

static double absolute(double x)
{
    return x < 0 ? -x : x;
}

/* Gauss' elimination with pivots. */
static void solve(void)
{
    for (int column = 0; column < SIZE; column++) {
        int best = column;
        for (int row = column; row < SIZE; row++) {
            best = absolute(matrix[row][column]) > absolute(matrix[best][column]) ? row : best;
        }
        for (int i = 0; i <= SIZE; i++) {
            double kept = matrix[best][i];
            matrix[best][i] = matrix[column][i];
            matrix[column][i] = kept;
        }
        for (int row = 0; row < SIZE; row++) {
            double factor = row == column ? 0 : matrix[row][column] / matrix[column][column];
            for (int i = column; i <= SIZE; i++) {
                matrix[row][i] -= factor * matrix[column][i];
            }
        }
    }
}

static uint64_t mandelbrot(void)
{
    uint64_t total = 0;
    for (int y = -20; y <= 20; y++) {
        for (int x = -40; x <= 20; x++) {
            double a = 0, b = 0, c = x / 20.0, d = y / 16.0;
            uint64_t steps = 0;
            while (a * a + b * b < 4 && steps < 100) {
                double next = a * a - b * b + c;
                b = 2 * a * b + d;
                a = next;
                steps++;
            }
            total = total * 7 + steps;
        }
    }
    return total;
}

static float series(void)
{
    float sum = 0;
    for (int i = 1; i < 20000; i++) {
        sum += 1.0f / ((float)i * (float)i) * (i % 3 == 0 ? -1.0f : 1.0f);
    }
    return sum;
}

void program(void)
{
    double sum = 0;
    for (int row = 0; row < SIZE; row++) {
        for (int i = 0; i <= SIZE; i++) {
            matrix[row][i] = (double)(int64_t)next_random() / 1e15;
        }
    }
    solve();
    for (int row = 0; row < SIZE; row++) {
        print_double("solution", matrix[row][SIZE] / matrix[row][row]);
    }
    print("mandelbrot", mandelbrot());
    print_double("series", series());
    for (int i = 0; i < 3000; i++) {
        int64_t integer = (int64_t)next_random() >> (i % 60);
        double x = (double)integer + (double)(uint32_t)integer / 3 - (double)(float)integer;
        sum += x / (1 + absolute(x)) + (double)(int64_t)(x / 1e3) + (double)(uint8_t)(int32_t)i;
    }
    print_double("conversions", sum);
}
