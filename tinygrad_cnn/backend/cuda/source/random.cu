// Random numbers: Philox 4×32-10 (Salmon et al. 2011). Word t of block b of a stream is word t of Philox for the
// counter (b, b >> 32, 0, 0) and the key (seed, seed >> 32); a draw of n values takes the next ⌈n / values per block⌉
// blocks. Seed and position lie in the device's memory, so that a captured graph draws new numbers in every replay.

struct Words {
    u32 word[4];
};

__device__ __forceinline__ Words philox(u64 block, u64 seed) {
    u32 c0 = (u32)block, c1 = (u32)(block >> 32), c2 = 0, c3 = 0, k0 = (u32)seed, k1 = (u32)(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        u32 high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
        u32 high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

// state: the seed, and the number of the next block
#define EACH_BLOCK(b, count, per_block) LONG_LOOP(b, ((i64)(count) + (per_block) - 1) / (per_block))
#define BLOCK(b) philox(state[1] + (u64)(b), state[0])

KERNEL advance(u64* state, i64 blocks) {
    if (blockIdx.x == 0 && threadIdx.x == 0) state[1] += (u64)blocks;
}

__device__ __forceinline__ float unit_float(u32 word) { return (float)(word >> 8) * 5.9604644775390625e-8f; }

__device__ __forceinline__ double unit_double(u32 high, u32 low) {
    return (double)((((u64)high << 32) | low) >> 11) * 1.1102230246251565e-16;
}

KERNEL uniform_float(float* out, i64 count, const u64* state) {
    EACH_BLOCK(b, count, 4) {
        Words words = BLOCK(b);
        for (int t = 0; t < 4; ++t)
            if (b * 4 + t < count) out[b * 4 + t] = unit_float(words.word[t]);
    }
}

KERNEL uniform_double(double* out, i64 count, const u64* state) {
    EACH_BLOCK(b, count, 2) {
        Words words = BLOCK(b);
        for (int t = 0; t < 2; ++t)
            if (b * 2 + t < count) out[b * 2 + t] = unit_double(words.word[2 * t], words.word[2 * t + 1]);
    }
}

// Two normal values of two uniform ones: √(−2 ln u) · (cos 2πv, sin 2πv) (Box & Muller 1958).
KERNEL normal_float(float* out, i64 count, const u64* state) {
    EACH_BLOCK(b, count, 4) {
        Words words = BLOCK(b);
        for (int t = 0; t < 4; t += 2) {
            float radius = sqrtf(-2 * logf(1 - unit_float(words.word[t])));
            float angle = 6.283185307179586f * unit_float(words.word[t + 1]);
            if (b * 4 + t < count) out[b * 4 + t] = radius * cosf(angle);
            if (b * 4 + t + 1 < count) out[b * 4 + t + 1] = radius * sinf(angle);
        }
    }
}

KERNEL normal_double(double* out, i64 count, const u64* state) {
    EACH_BLOCK(b, count, 2) {
        Words words = BLOCK(b);
        double radius = sqrt(-2 * log(1 - unit_double(words.word[0], words.word[1])));
        double angle = 6.283185307179586 * unit_double(words.word[2], words.word[3]);
        if (b * 2 < count) out[b * 2] = radius * cos(angle);
        if (b * 2 + 1 < count) out[b * 2 + 1] = radius * sin(angle);
    }
}

// low + word·width / 2⁶⁴: every integer of a range of `width` equally often, to 2⁻⁶⁴ of its size
KERNEL integers(i64* out, i64 count, i64 low, u64 width, const u64* state) {
    EACH_BLOCK(b, count, 2) {
        Words words = BLOCK(b);
        for (int t = 0; t < 2; ++t) {
            u64 word = ((u64)words.word[2 * t] << 32) | words.word[2 * t + 1];
            if (b * 2 + t < count) out[b * 2 + t] = low + (i64)(width ? __umul64hi(word, width) : word);
        }
    }
}

// True where a word is below the limit, 2³² times the probability; the limit may be 2³².
KERNEL bernoulli(unsigned char* out, i64 count, u64 limit, const u64* state) {
    EACH_BLOCK(b, count, 4) {
        Words words = BLOCK(b);
        for (int t = 0; t < 4; ++t)
            if (b * 4 + t < count) out[b * 4 + t] = (u64)words.word[t] < limit;
    }
}
