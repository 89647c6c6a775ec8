/* SPDX-License-Identifier: BSD-2-Clause */

/* The work of the interpreter's benchmark: integers and memory, about 1.8e9 instructions. Calls in
 * short functions, unpredictable branches, pointers, bits, strided and sequential accesses.
 */
#include "tests/rv64/programs/program.h"

enum { ROUNDS = 600, KEYS = 4096, NODES = 1024, SIZE = 32, SIEVE = 1 << 20, SIEVE_EVERY = 20 };

struct node {
    struct node *next;
    uint64_t value;
};

static uint32_t keys[KEYS];
static struct node nodes[NODES];
static int32_t left[SIZE][SIZE], right[SIZE][SIZE], product[SIZE][SIZE];
static uint8_t composite[SIEVE];

static __attribute__((noinline)) int less(uint32_t a, uint32_t b)
{
    return a < b;
}

static __attribute__((noinline)) void sort(uint32_t *array, int64_t low, int64_t high)
{
    while (low < high) {
        uint32_t pivot = array[(low + high) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (less(array[i], pivot)) {
                i++;
            }
            while (less(pivot, array[j])) {
                j--;
            }
            if (i <= j) {
                uint32_t kept = array[i];
                array[i++] = array[j];
                array[j--] = kept;
            }
        }
        sort(array, low, j);
        low = i;
    }
}

static __attribute__((noinline)) uint64_t crc(const void *data, size_t size, uint64_t sum)
{
    for (size_t i = 0; i < size; i++) {
        sum ^= ((const uint8_t *)data)[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = sum & 1 ? sum >> 1 ^ 0xEDB88320u : sum >> 1;
        }
    }
    return sum;
}

static __attribute__((noinline)) uint64_t walk(const struct node *node)
{
    uint64_t sum = 0;
    for (; node != NULL; node = node->next) {
        sum += node->value;
    }
    return sum;
}

static __attribute__((noinline)) void multiply(void)
{
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIZE; k++) {
                sum += left[i][k] * right[k][j];
            }
            product[i][j] = sum;
        }
    }
}

static __attribute__((noinline)) uint64_t primes(void)
{
    uint64_t count = 0;
    memset(composite, 0, sizeof composite);
    for (uint64_t i = 2; i < SIEVE; i++) {
        count += !composite[i];
        for (uint64_t j = i * i; !composite[i] && i < 1024 && j < SIEVE; j += i) {
            composite[j] = 1;
        }
    }
    return count;
}

static uint64_t one_round(int round)
{
    uint64_t sum = 0;
    for (int i = 0; i < KEYS; i++) {
        keys[i] = (uint32_t)(next_random() >> 33);
    }
    sort(keys, 0, KEYS - 1);
    sum += keys[77] + crc(keys, 2048, (uint64_t)round);
    for (int i = 0; i < NODES; i++) {
        nodes[i * 37 % NODES] = (struct node){
            .next = i + 1 < NODES ? &nodes[(i + 1) * 37 % NODES] : NULL, .value = (uint64_t)i};
    }
    for (int i = 0; i < 20; i++) {
        sum += walk(nodes);
    }
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            left[i][j] = i + j + round;
            right[i][j] = i * j;
        }
    }
    multiply();
    multiply();
    return sum + (uint64_t)product[3][4] + (round % SIEVE_EVERY == 0 ? primes() : 0);
}

void program(void)
{
    uint64_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        sum = sum * 3 + one_round(round);
    }
    print("sum", sum);
}
