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

#define EACH_PIECE                                                          \
    const Numbers n = held ? *held : numbers;                                         \
    for (u32 chosen = blockIdx.x; chosen < count; chosen += gridDim.x) {              \
        const i64* row = table + (i64)pieces[2 * chosen] * columns;                   \
        i64 start = (i64)pieces[2 * chosen + 1] * piece, stop = start + piece;        \
        if (stop > row[0]) stop = row[0];                                             \
        for (i64 i = start + threadIdx.x; i < stop; i += blockDim.x) {

#define END_PIECE }}

// buffer ← momentum · buffer + (1 − dampening) · g;  p ← p − lr · step
KERNEL sgd(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, const Numbers numbers,
           const Numbers* held) {
    EACH_PIECE
        K_A lr = n.value[0], momentum = n.value[1], dampening = n.value[2], decay = n.value[3];
        bool nesterov = n.value[4] != 0;
        K_T *p = (K_T*)row[1], *g = (K_T*)row[2], *buffer = (K_T*)row[3];
        K_A value = (K_A)p[i], step = (K_A)g[i] + decay * value;
        if (buffer) {
            K_A average = momentum * (K_A)buffer[i] + (1 - dampening) * step;
            buffer[i] = (K_T)average;
            step = nesterov ? step + momentum * average : average;
        }
        p[i] = (K_T)(value - lr * step);
    END_PIECE
}

// rate = lr / (1 − β₁ᵗ), correction = √(1 − β₂ᵗ); the decay is of the weights when decoupled, else of the gradient
KERNEL adam(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, const Numbers numbers,
            const Numbers* held) {
    EACH_PIECE
        K_A rate = n.value[0], correction = n.value[1], lr = n.value[2], beta1 = n.value[3], beta2 = n.value[4];
        K_A eps = n.value[5], decay = n.value[6];
        bool decoupled = n.value[7] != 0;
        K_T *p = (K_T*)row[1], *g = (K_T*)row[2], *mean = (K_T*)row[3], *square = (K_T*)row[4], *most = (K_T*)row[5];
        K_A value = (K_A)p[i], step = (K_A)g[i];
        if (decoupled) value *= 1 - lr * decay; else step += decay * value;
        K_A first = (K_A)mean[i] + (1 - beta1) * (step - (K_A)mean[i]);
        K_A second = beta2 * (K_A)square[i] + (1 - beta2) * step * step, spread = second;
        mean[i] = (K_T)first;
        square[i] = (K_T)second;
        if (most) {
            spread = (K_A)most[i];
            if (second > spread || second != second) spread = second;
            most[i] = (K_T)spread;
        }
        p[i] = (K_T)(value - rate * first / (sqrt(spread) / correction + eps));
    END_PIECE
}
