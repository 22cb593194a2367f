// Windows over channels-last images (N, D, H, W, C): pooling, and the columns that convolution multiplies.
//
// Images of one or two dimensions have D = 1 or D = H = 1. What is added up is gathered: each result is one thread's, so
// there are no atomics, and results are the same from run to run.

struct Geometry {
    u32 images, channels;  // channels that are read
    u32 pitch, first;      // channels between neighbouring pixels of x, and the first that is read
    u32 size[3], out[3], taps[3];
    int stride[3], padding[3], dilation[3];
    Divisor by_channels, by_size[3], by_out[3], by_taps[3];
};

// The pixel that tap t of output o reads in dimension d; outside of the image it is not below size[d].
__device__ __forceinline__ u32 source(const Geometry& k, int d, u32 o, u32 t) {
    return (u32)((int)o * k.stride[d] - k.padding[d] + (int)t * k.dilation[d]);
}

// The output whose tap t reads pixel i in dimension d, if there is one; otherwise a number not below out[d].
__device__ __forceinline__ u32 reader(const Geometry& k, int d, u32 i, u32 t) {
    int from = (int)i + k.padding[d] - (int)t * k.dilation[d];
    if (from < 0) return 0xffffffffu;
    u32 o = (u32)from / (u32)k.stride[d];
    return o * (u32)k.stride[d] == (u32)from ? o : 0xffffffffu;
}

#define EACH_TAP(a, b, c)                          \
    for (u32 a = 0; a < k.taps[0]; ++a)            \
        for (u32 b = 0; b < k.taps[1]; ++b)        \
            for (u32 c = 0; c < k.taps[2]; ++c)

#define TAP(a, b, c) (((a) * k.taps[1] + (b)) * k.taps[2] + (c))

// Which output (n, o0, o1, o2, c) a thread makes, from its number.
#define OUTPUT_OF(i)                                                                                       \
    u32 n = i, c = split(n, k.by_channels), o2 = split(n, k.by_out[2]), o1 = split(n, k.by_out[1]),        \
        o0 = split(n, k.by_out[0])

#define PIXEL_OF(i)                                                                                        \
    u32 n = i, c = split(n, k.by_channels), i2 = split(n, k.by_size[2]), i1 = split(n, k.by_size[1]),      \
        i0 = split(n, k.by_size[0])

__device__ __forceinline__ i64 pixel(const Geometry& k, u32 n, u32 i0, u32 i1, u32 i2) {
    return (((i64)n * k.size[0] + i0) * k.size[1] + i1) * k.size[2] + i2;
}

__device__ __forceinline__ i64 output(const Geometry& k, u32 n, u32 o0, u32 o1, u32 o2) {
    return (((i64)n * k.out[0] + o0) * k.out[1] + o1) * k.out[2] + o2;
}

__device__ __forceinline__ u32 outputs(const Geometry& k) {
    return k.images * k.out[0] * k.out[1] * k.out[2] * k.channels;
}

__device__ __forceinline__ u32 pixels(const Geometry& k) {
    return k.images * k.size[0] * k.size[1] * k.size[2] * k.channels;
}

// columns[(n, o0, o1, o2), (t0, t1, t2), c] = x[n, source(o, t), first + c], or 0 in the padding
KERNEL im2col(const K_T* x, K_T* columns, const Geometry k) {
    u32 taps = k.taps[0] * k.taps[1] * k.taps[2];
    LOOP(i, outputs(k) * taps) {
        u32 n = i, c = split(n, k.by_channels);
        u32 t2 = split(n, k.by_taps[2]), t1 = split(n, k.by_taps[1]), t0 = split(n, k.by_taps[0]);
        u32 o2 = split(n, k.by_out[2]), o1 = split(n, k.by_out[1]), o0 = split(n, k.by_out[0]);
        u32 i0 = source(k, 0, o0, t0), i1 = source(k, 1, o1, t1), i2 = source(k, 2, o2, t2);
        bool inside = i0 < k.size[0] && i1 < k.size[1] && i2 < k.size[2];
        columns[i] = inside ? x[pixel(k, n, i0, i1, i2) * k.pitch + k.first + c] : (K_T)0.0f;
    }
}

// The adjoint: every pixel collects the columns that read it.
KERNEL col2im(const K_T* columns, K_T* x, const Geometry k) {
    u32 taps = k.taps[0] * k.taps[1] * k.taps[2];
    LOOP(i, pixels(k)) {
        PIXEL_OF(i);
        K_A sum = 0;
        EACH_TAP(t0, t1, t2) {
            u32 o0 = reader(k, 0, i0, t0), o1 = reader(k, 1, i1, t1), o2 = reader(k, 2, i2, t2);
            if (o0 < k.out[0] && o1 < k.out[1] && o2 < k.out[2])
                sum += (K_A)columns[(output(k, n, o0, o1, o2) * taps + TAP(t0, t1, t2)) * k.channels + c];
        }
        x[pixel(k, n, i0, i1, i2) * k.pitch + k.first + c] = (K_T)sum;
    }
}

// The maximum and the number of its tap: the first of equals, NaN above all. The padding is below every value.
KERNEL max_pool(const K_T* x, K_T* values, K_TAP* taps, const Geometry k) {
    LOOP(i, outputs(k)) {
        OUTPUT_OF(i);
        K_A best = -(K_A)INFINITY;
        u32 at = 0;
        EACH_TAP(t0, t1, t2) {
            u32 i0 = source(k, 0, o0, t0), i1 = source(k, 1, o1, t1), i2 = source(k, 2, o2, t2);
            if (i0 >= k.size[0] || i1 >= k.size[1] || i2 >= k.size[2]) continue;
            K_A value = (K_A)x[pixel(k, n, i0, i1, i2) * k.channels + c];
            if (value > best || (value != value && best == best)) best = value, at = TAP(t0, t1, t2);
        }
        values[i] = (K_T)best;
        taps[i] = (K_TAP)at;
    }
}

// The pixel at the tap of each window; 0 in the padding.
KERNEL pool_gather(const K_T* x, const K_TAP* taps, K_T* out, const Geometry k) {
    LOOP(i, outputs(k)) {
        OUTPUT_OF(i);
        u32 t0 = taps[i], t2 = split(t0, k.by_taps[2]), t1 = split(t0, k.by_taps[1]);
        u32 i0 = source(k, 0, o0, t0), i1 = source(k, 1, o1, t1), i2 = source(k, 2, o2, t2);
        bool inside = i0 < k.size[0] && i1 < k.size[1] && i2 < k.size[2];
        out[i] = inside ? x[pixel(k, n, i0, i1, i2) * k.channels + c] : (K_T)0.0f;
    }
}

// The adjoint: every pixel collects from the windows whose tap it is.
KERNEL pool_scatter(const K_T* g, const K_TAP* taps, K_T* x, const Geometry k) {
    LOOP(i, pixels(k)) {
        PIXEL_OF(i);
        K_A sum = 0;
        EACH_TAP(t0, t1, t2) {
            u32 o0 = reader(k, 0, i0, t0), o1 = reader(k, 1, i1, t1), o2 = reader(k, 2, i2, t2);
            if (o0 >= k.out[0] || o1 >= k.out[1] || o2 >= k.out[2]) continue;
            i64 o = output(k, n, o0, o1, o2) * k.channels + c;
            if (taps[o] == TAP(t0, t1, t2)) sum += (K_A)g[o];
        }
        x[i] = (K_T)sum;
    }
}

KERNEL sum_windows(const K_T* x, K_T* out, const Geometry k) {
    LOOP(i, outputs(k)) {
        OUTPUT_OF(i);
        K_A sum = 0;
        EACH_TAP(t0, t1, t2) {
            u32 i0 = source(k, 0, o0, t0), i1 = source(k, 1, o1, t1), i2 = source(k, 2, o2, t2);
            if (i0 < k.size[0] && i1 < k.size[1] && i2 < k.size[2])
                sum += (K_A)x[pixel(k, n, i0, i1, i2) * k.channels + c];
        }
        out[i] = (K_T)sum;
    }
}

// The adjoint: every pixel collects the values of the windows that hold it.
KERNEL spread_windows(const K_T* g, K_T* x, const Geometry k) {
    LOOP(i, pixels(k)) {
        PIXEL_OF(i);
        K_A sum = 0;
        EACH_TAP(t0, t1, t2) {
            u32 o0 = reader(k, 0, i0, t0), o1 = reader(k, 1, i1, t1), o2 = reader(k, 2, i2, t2);
            if (o0 < k.out[0] && o1 < k.out[1] && o2 < k.out[2])
                sum += (K_A)g[output(k, n, o0, o1, o2) * k.channels + c];
        }
        x[i] = (K_T)sum;
    }
}
