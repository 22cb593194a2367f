// Sums over the rows of a matrix (rows, channels), which is what images with channels last are, and batch normalisation.
//
// Sums are made in two steps: `lanes` threads per channel each add every lanes-th row, so that the threads of a launch
// read one run of memory at a time; then one block per channel adds the lanes' sums, always in the same order.

// Where the number of channels is a multiple of WIDE, a thread takes so many neighbouring channels.

#define EACH_LANE(N)                                                            \
    u32 groups = channels / N, threads = lanes * groups;                        \
    LOOP(t, threads) {                                                          \
        K_A first[N], second[N];                                                \
        UNROLL for (u32 k = 0; k < N; ++k) first[k] = second[k] = 0;

#define END_LANE(N, firsts, seconds)                                            \
        UNROLL for (u32 k = 0; k < N; ++k) {                                    \
            firsts[(i64)t * N + k] = first[k];                                  \
            if (seconds) seconds[(i64)t * N + k] = second[k];                   \
        }                                                                       \
    }

#define BY_WIDTH(run, ...)                                                      \
    if (channels % WIDE == 0 && packs_of(WIDE, WIDE, __VA_ARGS__)) run(WIDE)    \
    else run(1)

KERNEL channel_sums(const K_T* x, K_A* sums, i64 count, u32 channels, u32 lanes) {
    K_A* none = 0;
#define RUN(N)                                                                            \
    {                                                                                     \
        EACH_LANE(N)                                                                      \
            _Pragma("unroll 4") for (i64 i = t; i < count / N; i += threads) {            \
                Pack<N> values = load<N>(x, i);                                           \
                UNROLL for (u32 k = 0; k < N; ++k) first[k] += (K_A)values.value[k];      \
            }                                                                             \
        END_LANE(N, sums, none)                                                           \
    }
    BY_WIDTH(RUN, x)
#undef RUN
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
KERNEL channel_moments(const K_T* x, K_A* sums, K_A* squares, i64 count, u32 channels, u32 lanes) {
#define RUN(N)                                                                            \
    {                                                                                     \
        EACH_LANE(N)                                                                      \
            u32 c = t % groups * N;                                                       \
            _Pragma("unroll 4") for (i64 i = t; i < count / N; i += threads) {            \
                Pack<N> values = load<N>(x, i);                                           \
                UNROLL for (u32 k = 0; k < N; ++k) {                                      \
                    K_A value = (K_A)values.value[k] - (K_A)x[c + k];                     \
                    first[k] += value;                                                    \
                    second[k] += value * value;                                           \
                }                                                                         \
            }                                                                             \
        END_LANE(N, sums, squares)                                                        \
    }
    BY_WIDTH(RUN, x)
#undef RUN
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

// For each value of an array (rows, channels), the number c of its channel.
#define EACH_VALUE(N)                                                           \
    LOOP(i, count / N) {                                                        \
        u32 row = i * N, c = split(row, by_channels);

// (x − mean) · invstd · weight + bias, and the larger of that and 0 where it is `rectified`
KERNEL normalize(const K_T* x, const K_T* mean, const K_T* invstd, const K_T* weight, const K_T* bias, K_T* out,
                 u32 count, Divisor by_channels, int rectified) {
    u32 channels = by_channels.number;
#define RUN(N)                                                                                     \
    EACH_VALUE(N)                                                                                  \
        Pack<N> values = load<N>(x, i);                                                            \
        UNROLL for (u32 k = 0; k < N; ++k) {                                                       \
            K_A value = ((K_A)values.value[k] - (K_A)mean[c + k]) * (K_A)invstd[c + k];            \
            if (weight) value *= (K_A)weight[c + k];                                               \
            if (bias) value += (K_A)bias[c + k];                                                   \
            if (rectified && value <= 0) value = 0;                                                \
            values.value[k] = (K_T)value;                                                          \
        }                                                                                          \
        store<N>(out, i, values);                                                                  \
    }
    BY_WIDTH(RUN, x, out)
#undef RUN
}

// Where `rectified` is given, that is the rectified output: g counts where it is above 0 (or NaN).
#define RECTIFY(N)                                                                                 \
    if (rectified) {                                                                               \
        Pack<N> outs = load<N>(rectified, i);                                                      \
        UNROLL for (u32 k = 0; k < N; ++k)                                                         \
            if ((K_A)outs.value[k] <= 0) gradients.value[k] = (K_T)0.0f;                           \
    }

// Σ g and Σ g·x̂
KERNEL gradient_sums(const K_T* g, const K_T* x, const K_T* mean, const K_T* invstd, K_A* plain, K_A* weighted,
                     i64 count, u32 channels, u32 lanes, const K_T* rectified) {
#define RUN(N)                                                                                     \
    {                                                                                              \
        EACH_LANE(N)                                                                               \
            u32 c = t % groups * N;                                                                \
            _Pragma("unroll 4") for (i64 i = t; i < count / N; i += threads) {                     \
                Pack<N> gradients = load<N>(g, i), values = load<N>(x, i);                         \
                RECTIFY(N)                                                                         \
                UNROLL for (u32 k = 0; k < N; ++k) {                                               \
                    K_A value = (K_A)gradients.value[k];                                           \
                    first[k] += value;                                                             \
                    second[k] += value * (((K_A)values.value[k] - (K_A)mean[c + k]) * (K_A)invstd[c + k]); \
                }                                                                                  \
            }                                                                                      \
        END_LANE(N, plain, weighted)                                                               \
    }
    BY_WIDTH(RUN, g, x, rectified)
#undef RUN
}

// s·w·(g − Σg/n − x̂·Σgx̂/n)
KERNEL normalize_grad(const K_T* g, const K_T* x, const K_T* mean, const K_T* invstd, const K_T* weight,
                      const K_T* bias_grad, const K_T* weight_grad, K_T* out, u32 count, double rows,
                      Divisor by_channels, const K_T* rectified) {
    K_A share = (K_A)(1.0 / rows);
    u32 channels = by_channels.number;
#define RUN(N)                                                                                     \
    EACH_VALUE(N)                                                                                  \
        Pack<N> gradients = load<N>(g, i), values = load<N>(x, i);                                 \
        RECTIFY(N)                                                                                 \
        UNROLL for (u32 k = 0; k < N; ++k) {                                                       \
            K_A scale = (K_A)invstd[c + k], normal = ((K_A)values.value[k] - (K_A)mean[c + k]) * scale; \
            K_A value = (K_A)gradients.value[k];                                                   \
            value -= share * ((K_A)bias_grad[c + k] + normal * (K_A)weight_grad[c + k]);           \
            values.value[k] = (K_T)(value * scale * (weight ? (K_A)weight[c + k] : (K_A)1));       \
        }                                                                                          \
        store<N>(out, i, values);                                                                  \
    }
    BY_WIDTH(RUN, g, x, out, rectified)
#undef RUN
}

// x · weight + bias, and the larger of that and 0 where it is `rectified`
KERNEL scale_channels(const K_T* x, const K_T* weight, const K_T* bias, K_T* out, u32 count, Divisor by_channels,
                      int rectified) {
    u32 channels = by_channels.number;
#define RUN(N)                                                                                     \
    EACH_VALUE(N)                                                                                  \
        Pack<N> values = load<N>(x, i);                                                            \
        UNROLL for (u32 k = 0; k < N; ++k) {                                                       \
            K_A value = (K_A)values.value[k];                                                      \
            if (weight) value *= (K_A)weight[c + k];                                               \
            if (bias) value += (K_A)bias[c + k];                                                   \
            if (rectified && value <= 0) value = 0;                                                \
            values.value[k] = (K_T)value;                                                          \
        }                                                                                          \
        store<N>(out, i, values);                                                                  \
    }
    BY_WIDTH(RUN, x, out)
#undef RUN
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
