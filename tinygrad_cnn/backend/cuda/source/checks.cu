// Whether some of many numbers lie outside of [low, high): every thread that finds one says so.

KERNEL outside(const i64* x, int* found, i64 count, i64 low, i64 high) {
    LONG_LOOP(i, count) if (x[i] < low || x[i] >= high) *found = 1;
}
