// Normalisation of rows (rows, size): a block takes a row, its threads every so-many-th value.

// (x − mean) / √(variance + eps) · weight + bias
KERNEL row_norm(const K_T* x, const K_T* weight, const K_T* bias, K_T* out, K_A* means, K_A* invstds, u32 rows, u32 size,
                double eps) {
    __shared__ K_A scratch[SCRATCH];
    for (u32 r = blockIdx.x; r < rows; r += gridDim.x) {
        const K_T* row = x + (i64)r * size;
        K_T* result = out + (i64)r * size;
        K_A mean = 0, square = 0;
        for (u32 i = threadIdx.x; i < size; i += blockDim.x) mean += (K_A)row[i];
        mean = block_sum(mean, scratch) / size;
        for (u32 i = threadIdx.x; i < size; i += blockDim.x) square += ((K_A)row[i] - mean) * ((K_A)row[i] - mean);
        K_A invstd = (K_A)(1 / sqrt((double)(block_sum(square, scratch) / size) + eps));
        for (u32 i = threadIdx.x; i < size; i += blockDim.x) {
            K_A value = ((K_A)row[i] - mean) * invstd;
            if (weight) value *= (K_A)weight[i];
            if (bias) value += (K_A)bias[i];
            result[i] = (K_T)value;
        }
        if (threadIdx.x == 0) {
            means[r] = mean;
            invstds[r] = invstd;
        }
    }
}

// s·(v − Σv/n − x̂·Σvx̂/n) with v = g·weight
KERNEL row_norm_grad(const K_T* g, const K_T* x, const K_T* weight, const K_A* means, const K_A* invstds, K_T* out,
                     u32 rows, u32 size) {
    __shared__ K_A scratch[SCRATCH];
    for (u32 r = blockIdx.x; r < rows; r += gridDim.x) {
        const K_T *gradients = g + (i64)r * size, *row = x + (i64)r * size;
        K_T* result = out + (i64)r * size;
        K_A mean = means[r], invstd = invstds[r], sum = 0, product = 0;
        for (u32 i = threadIdx.x; i < size; i += blockDim.x) {
            K_A value = (K_A)gradients[i] * (weight ? (K_A)weight[i] : (K_A)1);
            sum += value;
            product += value * (((K_A)row[i] - mean) * invstd);
        }
        sum = block_sum(sum, scratch) / size;
        product = block_sum(product, scratch) / size;
        for (u32 i = threadIdx.x; i < size; i += blockDim.x) {
            K_A value = (K_A)gradients[i] * (weight ? (K_A)weight[i] : (K_A)1);
            result[i] = (K_T)(invstd * (value - sum - ((K_A)row[i] - mean) * invstd * product));
        }
    }
}

// Each lane's share of Σ g and Σ g·x̂ for every place in a row, over every lanes-th row: (lanes, size).
KERNEL row_norm_sums(const K_T* g, const K_T* x, const K_A* means, const K_A* invstds, K_A* plain, K_A* weighted,
                     u32 rows, u32 size, u32 lanes, Divisor by_size) {
    LOOP(t, lanes * size) {
        u32 lane = t, i = split(lane, by_size);
        K_A sum = 0, product = 0;
        for (u32 r = lane; r < rows; r += lanes) {
            K_A value = (K_A)g[(i64)r * size + i];
            sum += value;
            product += value * (((K_A)x[(i64)r * size + i] - means[r]) * invstds[r]);
        }
        plain[t] = sum;
        weighted[t] = product;
    }
}
