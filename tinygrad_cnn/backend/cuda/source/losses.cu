// Softmax cross entropy: a block takes a row of scores, its threads every so-many-th class.

__device__ __forceinline__ K_A largest_of(const K_T* row, u32 classes, K_A* scratch) {
    K_A largest = -(K_A)INFINITY;
    for (u32 c = threadIdx.x; c < classes; c += blockDim.x) {
        K_A value = (K_A)row[c];
        if (value > largest || value != value) largest = value;
    }
    return block_max(largest, scratch);
}

// −ln softmax(x)[target]; NaN for a class that there is not.
KERNEL cross_entropy(const K_T* x, const i64* target, K_T* out, u32 rows, u32 classes) {
    __shared__ K_A scratch[SCRATCH];
    for (u32 r = blockIdx.x; r < rows; r += gridDim.x) {
        const K_T* row = x + (i64)r * classes;
        K_A largest = largest_of(row, classes, scratch), sum = 0;
        for (u32 c = threadIdx.x; c < classes; c += blockDim.x) sum += exp((K_A)row[c] - largest);
        sum = block_sum(sum, scratch);
        if (threadIdx.x == 0) {
            bool known = target[r] >= 0 && target[r] < classes;
            out[r] = known ? (K_T)(log(sum) - ((K_A)row[target[r]] - largest)) : (K_T)NAN;
        }
    }
}

// g · (softmax(x) − one-hot(target))
KERNEL cross_entropy_grad(const K_T* g, const K_T* x, const i64* target, K_T* out, u32 rows, u32 classes) {
    __shared__ K_A scratch[SCRATCH];
    for (u32 r = blockIdx.x; r < rows; r += gridDim.x) {
        const K_T* row = x + (i64)r * classes;
        K_T* gradients = out + (i64)r * classes;
        K_A largest = largest_of(row, classes, scratch), sum = 0, share = (K_A)g[r];
        for (u32 c = threadIdx.x; c < classes; c += blockDim.x) sum += exp((K_A)row[c] - largest);
        sum = block_sum(sum, scratch);
        for (u32 c = threadIdx.x; c < classes; c += blockDim.x) {
            K_A probability = exp((K_A)row[c] - largest) / sum;
            gradients[c] = (K_T)(share * (probability - (K_A)(target[r] == (i64)c)));
        }
    }
}
