// Sums over the rows of a matrix (rows, channels), which is what images with channels last are, and batch normalisation.
//
// Sums are made in two steps: `lanes` threads per channel each add every lanes-th row, so that the threads of a launch
// read one run of memory at a time; then one block per channel adds the lanes' sums, always in the same order.

KERNEL channel_sums(const K_T* x, K_A* sums, i64 count, u32 channels, u32 lanes) {
    u32 threads = lanes * channels;
    LOOP(t, threads) {
        K_A sum = 0;
        for (i64 i = t; i < count; i += threads) sum += (K_A)x[i];
        sums[t] = sum;
    }
}

// What lanes have summed, lane by lane (lanes, channels), to one value per channel.
KERNEL add_lanes(const K_A* sums, K_T* out, u32 channels, u32 lanes) {
    __shared__ double scratch[SCRATCH];
    for (u32 c = blockIdx.x; c < channels; c += gridDim.x) {
        double sum = 0;
        for (u32 lane = threadIdx.x; lane < lanes; lane += blockDim.x) sum += (double)sums[lane * channels + c];
        sum = block_sum(sum, scratch);
        if (threadIdx.x == 0) out[c] = (K_T)sum;
    }
}

// Σ (x − x₀) and Σ (x − x₀)², where x₀ is the channel's first value: one pass, and no digits lost to a far mean.
KERNEL channel_moments(const K_T* x, K_A* sums, K_A* squares, i64 count, u32 channels, u32 lanes, Divisor by_channels) {
    u32 threads = lanes * channels;
    LOOP(t, threads) {
        u32 lane = t, c = split(lane, by_channels);
        K_A origin = (K_A)x[c], sum = 0, square = 0;
        for (i64 i = t; i < count; i += threads) {
            K_A value = (K_A)x[i] - origin;
            sum += value;
            square += value * value;
        }
        sums[t] = sum;
        squares[t] = square;
    }
}

KERNEL finish_moments(const K_T* x, const K_A* sums, const K_A* squares, K_T* mean, K_T* invstd, i64 rows,
                      u32 channels, u32 lanes, double eps) {
    __shared__ double scratch[SCRATCH];
    for (u32 c = blockIdx.x; c < channels; c += gridDim.x) {
        double sum = 0, square = 0;
        for (u32 lane = threadIdx.x; lane < lanes; lane += blockDim.x) {
            sum += (double)sums[lane * channels + c];
            square += (double)squares[lane * channels + c];
        }
        sum = block_sum(sum, scratch) / rows;
        square = block_sum(square, scratch) / rows;
        double variance = square - sum * sum;
        if (variance < 0) variance = 0;
        if (threadIdx.x == 0) {
            mean[c] = (K_T)((double)(K_A)x[c] + sum);
            invstd[c] = (K_T)(1.0 / sqrt(variance + eps));
        }
    }
}

// (x − mean) · invstd · weight + bias
KERNEL normalize(const K_T* x, const K_T* mean, const K_T* invstd, const K_T* weight, const K_T* bias, K_T* out,
                 u32 count, Divisor by_channels) {
    LOOP(i, count) {
        u32 row = i, c = split(row, by_channels);
        K_A value = ((K_A)x[i] - (K_A)mean[c]) * (K_A)invstd[c];
        if (weight) value *= (K_A)weight[c];
        if (bias) value += (K_A)bias[c];
        out[i] = (K_T)value;
    }
}

// Σ g and Σ g·x̂
KERNEL gradient_sums(const K_T* g, const K_T* x, const K_T* mean, const K_T* invstd, K_A* plain, K_A* weighted,
                     i64 count, u32 channels, u32 lanes, Divisor by_channels) {
    u32 threads = lanes * channels;
    LOOP(t, threads) {
        u32 lane = t, c = split(lane, by_channels);
        K_A centre = (K_A)mean[c], scale = (K_A)invstd[c], sum = 0, product = 0;
        for (i64 i = t; i < count; i += threads) {
            K_A value = (K_A)g[i];
            sum += value;
            product += value * (((K_A)x[i] - centre) * scale);
        }
        plain[t] = sum;
        weighted[t] = product;
    }
}

// s·w·(g − Σg/n − x̂·Σgx̂/n)
KERNEL normalize_grad(const K_T* g, const K_T* x, const K_T* mean, const K_T* invstd, const K_T* weight,
                      const K_T* bias_grad, const K_T* weight_grad, K_T* out, u32 count, double rows,
                      Divisor by_channels) {
    K_A share = (K_A)(1.0 / rows);
    LOOP(i, count) {
        u32 row = i, c = split(row, by_channels);
        K_A scale = (K_A)invstd[c], normal = ((K_A)x[i] - (K_A)mean[c]) * scale;
        K_A value = (K_A)g[i] - share * ((K_A)bias_grad[c] + normal * (K_A)weight_grad[c]);
        out[i] = (K_T)(value * scale * (weight ? (K_A)weight[c] : (K_A)1));
    }
}

KERNEL scale_channels(const K_T* x, const K_T* weight, const K_T* bias, K_T* out, u32 count, Divisor by_channels) {
    LOOP(i, count) {
        u32 row = i, c = split(row, by_channels);
        K_A value = (K_A)x[i] * (K_A)weight[c];
        if (bias) value += (K_A)bias[c];
        out[i] = (K_T)value;
    }
}

KERNEL add_channels(K_T* x, const K_T* bias, u32 count, Divisor by_channels) {
    LOOP(i, count) {
        u32 row = i, c = split(row, by_channels);
        x[i] = (K_T)((K_A)x[i] + (K_A)bias[c]);
    }
}

// running ← (1 − momentum) · running + momentum · batch
KERNEL running_statistics(K_T* running_mean, K_T* running_var, const K_T* mean, const K_T* invstd, u32 channels,
                          double momentum, double eps, double correction) {
    LOOP(c, channels) {
        double scale = (double)(K_A)invstd[c], variance = (1 / (scale * scale) - eps) * correction;
        running_mean[c] = (K_T)((1 - momentum) * (double)(K_A)running_mean[c] + momentum * (double)(K_A)mean[c]);
        running_var[c] = (K_T)((1 - momentum) * (double)(K_A)running_var[c] + momentum * variance);
    }
}
