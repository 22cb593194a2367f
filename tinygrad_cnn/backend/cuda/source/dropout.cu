// Dropout in one pass: the mask of `bernoulli`, and x · scale where it holds.

KERNEL dropout(const K_T* x, K_T* out, unsigned char* mask, i64 count, u64 limit, K_A scale, const u64* state) {
    EACH_BLOCK(b, count, 4) {
        Words words = BLOCK(b);
        for (int t = 0; t < 4; ++t) {
            i64 i = b * 4 + t;
            if (i >= count) break;
            bool kept = (u64)words.word[t] < limit;
            mask[i] = kept;
            out[i] = (K_T)((K_A)x[i] * (kept ? scale : (K_A)0));
        }
    }
}

KERNEL apply_mask(const K_T* x, const unsigned char* mask, K_T* out, i64 count, K_A scale) {
    LONG_LOOP(i, count) out[i] = (K_T)((K_A)x[i] * (mask[i] ? scale : (K_A)0));
}
