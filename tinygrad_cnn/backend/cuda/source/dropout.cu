// Dropout in one pass: the mask of `bernoulli`, and x · scale where it holds.

__device__ __forceinline__ K_T dropped(K_T value, bool kept, K_A scale) {
    return (K_T)((K_A)value * (kept ? scale : (K_A)0));
}

struct alignas(4) Mask {
    unsigned char kept[4];
};

KERNEL dropout(const K_T* x, K_T* out, unsigned char* mask, i64 count, u64 limit, K_A scale, const u64* state) {
    bool aligned = packs_of(4, 4, x, out) && (u64)mask % 4 == 0;
    EACH_BLOCK(b, count, 4) {
        Words words = BLOCK(b);
        if (aligned && b * 4 + 4 <= count) {
            Pack<4> values = load<4>(x, b);
            Mask kept;
            UNROLL for (int t = 0; t < 4; ++t) {
                kept.kept[t] = (u64)words.word[t] < limit;
                values.value[t] = dropped(values.value[t], kept.kept[t], scale);
            }
            ((Mask*)mask)[b] = kept;
            store<4>(out, b, values);
            continue;
        }
        for (i64 i = b * 4, t = 0; t < 4 && i < count; ++i, ++t) {
            mask[i] = (u64)words.word[t] < limit;
            out[i] = dropped(x[i], mask[i], scale);
        }
    }
}

KERNEL apply_mask(const K_T* x, const unsigned char* mask, K_T* out, i64 count, K_A scale) {
    i64 packs = (u64)mask % 4 ? 0 : packs_of(4, count, x, out), done = packs * 4;
    LONG_LOOP(i, packs) {
        Pack<4> values = load<4>(x, i);
        Mask kept = ((const Mask*)mask)[i];
        UNROLL for (int t = 0; t < 4; ++t) values.value[t] = dropped(values.value[t], kept.kept[t], scale);
        store<4>(out, i, values);
    }
    LONG_LOOP(i, count - done) out[done + i] = dropped(x[done + i], mask[done + i], scale);
}
