// A step of descent for many parameters in one launch. The table holds a row of addresses per parameter; a block takes
// pieces of at most `piece` values, whose owner and number in it are listed in `pieces`.

#define EACH_PIECE(piece_of)                                                          \
    for (u32 chosen = blockIdx.x; chosen < count; chosen += gridDim.x) {              \
        const i64* row = table + (i64)pieces[2 * chosen] * columns;                   \
        i64 start = (i64)pieces[2 * chosen + 1] * piece, stop = start + piece;        \
        if (stop > row[0]) stop = row[0];                                             \
        for (i64 i = start + threadIdx.x; i < stop; i += blockDim.x) {

#define END_PIECE }}

// buffer ← momentum · buffer + (1 − dampening) · g;  p ← p − lr · step
KERNEL sgd(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, K_A lr, K_A momentum, K_A dampening,
           K_A decay, int nesterov) {
    EACH_PIECE(piece)
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
KERNEL adam(const i64* table, const u32* pieces, u32 count, u32 columns, i64 piece, K_A rate, K_A correction, K_A lr,
            K_A beta1, K_A beta2, K_A eps, K_A decay, int decoupled) {
    EACH_PIECE(piece)
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
