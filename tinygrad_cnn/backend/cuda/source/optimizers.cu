// A step of descent for many parameters in one launch. The table holds a row of addresses per parameter; a block takes
// pieces of at most `piece` values, whose owner and number in it are listed in `pieces`.
//
// The numbers of a step are given by value, or lie in the device's memory, where a captured graph finds them.

struct Numbers {
    K_A value[8];
};

KERNEL hold(Numbers* held, const Numbers numbers) {
    if (blockIdx.x == 0 && threadIdx.x == 0) *held = numbers;
}

// A block's pieces, and in each of them the values that a step changes: N neighbours of each array at a time.
#define EACH_PIECE                                                                    \
    const Numbers n = held ? *held : numbers;                                         \
    for (u32 chosen = blockIdx.x; chosen < count; chosen += gridDim.x) {              \
        const i64* row = table + (i64)pieces[2 * chosen] * columns;                   \
        i64 start = (i64)pieces[2 * chosen + 1] * piece, size = row[0] - start;       \
        if (size > piece) size = piece;

#define COLUMN(number) (row[number] ? (K_T*)row[number] + start : (K_T*)0)

#define IN_PACKS(step, ...)                                                           \
        i64 packs = packs_of(WIDE, size, __VA_ARGS__), done = packs * WIDE;           \
        for (i64 i = threadIdx.x; i < packs; i += blockDim.x) step<WIDE>(n, i, __VA_ARGS__);          \
        for (i64 i = done + threadIdx.x; i < size; i += blockDim.x) step<1>(n, i, __VA_ARGS__);       \
    }

#define EACH_PLAIN_PIECE                                                              \
    for (u32 chosen = blockIdx.x; chosen < count; chosen += gridDim.x) {              \
        const i64* row = table + (i64)pieces[2 * chosen] * columns;                   \
        i64 start = (i64)pieces[2 * chosen + 1] * piece, size = row[0] - start;       \
        K_T* values = (K_T*)row[1] + start;                                           \
        if (size > piece) size = piece;

// Σ x² of each piece
KERNEL squares(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, K_A* sums) {
    __shared__ K_A scratch[SCRATCH];
    EACH_PLAIN_PIECE
        K_A sum = 0;
        for (i64 i = threadIdx.x; i < size; i += blockDim.x) sum += (K_A)values[i] * (K_A)values[i];
        sum = block_sum(sum, scratch);
        if (threadIdx.x == 0) sums[chosen] = sum;
    }
}

// x ← x · min(1, most / norm); a NaN spreads
KERNEL shrink(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, const K_A* norm, K_A most) {
    K_A factor = most / (*norm + (K_A)1e-6);
    if (factor >= 1) return;
    EACH_PLAIN_PIECE
        for (i64 i = threadIdx.x; i < size; i += blockDim.x) values[i] = (K_T)((K_A)values[i] * factor);
    }
}

// buffer ← momentum · buffer + (1 − dampening) · g;  p ← p − lr · step
template <u32 N>
__device__ __forceinline__ void sgd_step(const Numbers& n, i64 i, K_T* p, const K_T* g, K_T* buffer) {
    K_A lr = n.value[0], momentum = n.value[1], dampening = n.value[2], decay = n.value[3];
    bool nesterov = n.value[4] != 0;
    Pack<N> values = load<N>(p, i), gradients = load<N>(g, i), averages;
    if (buffer) averages = load<N>(buffer, i);
    UNROLL for (u32 k = 0; k < N; ++k) {
        K_A value = (K_A)values.value[k], step = (K_A)gradients.value[k] + decay * value;
        if (buffer) {
            K_A average = momentum * (K_A)averages.value[k] + (1 - dampening) * step;
            averages.value[k] = (K_T)average;
            step = nesterov ? step + momentum * average : average;
        }
        values.value[k] = (K_T)(value - lr * step);
    }
    if (buffer) store<N>(buffer, i, averages);
    store<N>(p, i, values);
}

KERNEL sgd(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, const Numbers numbers,
           const Numbers* held) {
    EACH_PIECE
        K_T *p = COLUMN(1), *g = COLUMN(2), *buffer = COLUMN(3);
        IN_PACKS(sgd_step, p, g, buffer)
}

// rate = lr / (1 − β₁ᵗ), correction = √(1 − β₂ᵗ); the decay is of the weights when decoupled, else of the gradient
template <u32 N>
__device__ __forceinline__ void adam_step(const Numbers& n, i64 i, K_T* p, const K_T* g, K_T* mean, K_T* square,
                                          K_T* most) {
    K_A rate = n.value[0], correction = n.value[1], lr = n.value[2], beta1 = n.value[3], beta2 = n.value[4];
    K_A eps = n.value[5], decay = n.value[6];
    bool decoupled = n.value[7] != 0;
    Pack<N> values = load<N>(p, i), gradients = load<N>(g, i), means = load<N>(mean, i), squares = load<N>(square, i);
    Pack<N> largest;
    if (most) largest = load<N>(most, i);
    UNROLL for (u32 k = 0; k < N; ++k) {
        K_A value = (K_A)values.value[k], step = (K_A)gradients.value[k];
        if (decoupled) value *= 1 - lr * decay; else step += decay * value;
        K_A first = (K_A)means.value[k] + (1 - beta1) * (step - (K_A)means.value[k]);
        K_A second = beta2 * (K_A)squares.value[k] + (1 - beta2) * step * step, spread = second;
        means.value[k] = (K_T)first;
        squares.value[k] = (K_T)second;
        if (most) {
            spread = (K_A)largest.value[k];
            if (second > spread || second != second) spread = second;
            largest.value[k] = (K_T)spread;
        }
        values.value[k] = (K_T)(value - rate * first / (sqrt(spread) / correction + eps));
    }
    store<N>(mean, i, means);
    store<N>(square, i, squares);
    if (most) store<N>(most, i, largest);
    store<N>(p, i, values);
}

KERNEL adam(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, const Numbers numbers,
            const Numbers* held) {
    EACH_PIECE
        K_T *p = COLUMN(1), *g = COLUMN(2), *mean = COLUMN(3), *square = COLUMN(4), *most = COLUMN(5);
        IN_PACKS(adam_step, p, g, mean, square, most)
}
