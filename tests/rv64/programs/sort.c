/* SPDX-License-Identifier: BSD-2-Clause */

/* Quicksort through a function pointer, merge sort of a list, binary search. */
#include "tests/rv64/programs/program.h"

enum { COUNT = 5000 };

struct node {
    struct node *next;
    int32_t key;
    uint16_t mark;
};

static int64_t values[COUNT];
static struct node nodes[COUNT];

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void quicksort(int64_t *array, int64_t count, int (*compare)(const void *, const void *))
{
    while (count > 1) {
        int64_t pivot = array[count / 2], i = 0, j = count - 1;
        while (i <= j) {
            while (compare(&array[i], &pivot) < 0) {
                i++;
            }
            while (compare(&array[j], &pivot) > 0) {
                j--;
            }
            if (i <= j) {
                int64_t kept = array[i];
                array[i++] = array[j];
                array[j--] = kept;
            }
        }
        quicksort(array, j + 1, compare);
        array += i;
        count -= i;
    }
}

static struct node *merge(struct node *a, struct node *b)
{
    struct node head, *tail = &head;
    while (a != NULL && b != NULL) {
        struct node **smaller = a->key <= b->key ? &a : &b;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = tail->next;
    }
    tail->next = a != NULL ? a : b;
    return head.next;
}

static struct node *merge_sort(struct node *list, int count)
{
    if (count == 1) {
        list->next = NULL;
        return list;
    }
    struct node *second = list;
    for (int i = 0; i < count / 2; i++) {
        second = second->next;
    }
    second = merge_sort(second, count - count / 2);
    return merge(merge_sort(list, count / 2), second);
}

static int64_t search(int64_t wanted)
{
    int64_t low = 0, high = COUNT;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (values[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void program(void)
{
    uint64_t found = 0, order = 0;
    for (int i = 0; i < COUNT; i++) {
        values[i] = (int64_t)next_random() >> (i % 50);
        nodes[i].key = (int32_t)next_random() % 1000;
        nodes[i].mark = (uint16_t)i;
        nodes[i].next = i + 1 < COUNT ? &nodes[i + 1] : NULL;
    }
    quicksort(values, COUNT, by_value);
    print("least", (uint64_t)values[0]);
    print("median", (uint64_t)values[COUNT / 2]);
    for (int i = 0; i < COUNT; i++) {
        found = found * 3 + (uint64_t)search((int64_t)next_random() >> 20);
    }
    print("found", found);
    for (struct node *n = merge_sort(nodes, COUNT); n != NULL; n = n->next) {
        order = order * 1000003 + n->mark;
    }
    print("order", order);
}
