// Convolution with many narrow groups of channels, where a matrix product per group would have nothing to do.
//
// Images are channels last; weights are (taps, C/G, O), so that neighbouring threads, which make neighbouring channels,
// read neighbouring weights.

struct Groups {
    u32 inputs, outputs;  // channels of one group
    Divisor by_inputs, by_outputs;
};

KERNEL grouped_forward(const K_T* x, const K_T* w, K_T* y, const Geometry k, const Groups groups) {
    LOOP(i, outputs(k)) {
        OUTPUT_OF(i);  // c is the output channel, of k.channels
        u32 group = divide(c, groups.by_outputs);
        K_A sum = 0;
        EACH_TAP(t0, t1, t2) {
            u32 i0 = source(k, 0, o0, t0), i1 = source(k, 1, o1, t1), i2 = source(k, 2, o2, t2);
            if (i0 >= k.size[0] || i1 >= k.size[1] || i2 >= k.size[2]) continue;
            const K_T* values = x + pixel(k, n, i0, i1, i2) * k.pitch + group * groups.inputs;
            const K_T* weights = w + (i64)TAP(t0, t1, t2) * groups.inputs * k.channels + c;
            for (u32 j = 0; j < groups.inputs; ++j) sum += (K_A)values[j] * (K_A)weights[(i64)j * k.channels];
        }
        y[i] = (K_T)sum;
    }
}

// Here k.channels are those of x, and k.pitch those of g.
KERNEL grouped_input_grad(const K_T* g, const K_T* w, K_T* x, const Geometry k, const Groups groups) {
    LOOP(i, pixels(k)) {
        PIXEL_OF(i);
        u32 group = c, j = split(group, groups.by_inputs);
        K_A sum = 0;
        EACH_TAP(t0, t1, t2) {
            u32 o0 = reader(k, 0, i0, t0), o1 = reader(k, 1, i1, t1), o2 = reader(k, 2, i2, t2);
            if (o0 >= k.out[0] || o1 >= k.out[1] || o2 >= k.out[2]) continue;
            const K_T* gradients = g + output(k, n, o0, o1, o2) * k.pitch + group * groups.outputs;
            const K_T* weights = w + ((i64)TAP(t0, t1, t2) * groups.inputs + j) * k.pitch + group * groups.outputs;
            for (u32 o = 0; o < groups.outputs; ++o) sum += (K_A)gradients[o] * (K_A)weights[o];
        }
        x[i] = (K_T)sum;
    }
}

// The share of some images in the gradient of each weight: sums[part, tap, j, o]; k.channels are the outputs.
KERNEL grouped_weight_grad(const K_T* g, const K_T* x, K_A* sums, u32 parts, const Geometry k, const Groups groups) {
    u32 taps = k.taps[0] * k.taps[1] * k.taps[2];
    LOOP(i, parts * taps * groups.inputs * k.channels) {
        u32 part = i, o = split(part, k.by_channels), j = split(part, groups.by_inputs);
        u32 t2 = split(part, k.by_taps[2]), t1 = split(part, k.by_taps[1]), t0 = split(part, k.by_taps[0]);
        u32 channel = divide(o, groups.by_outputs) * groups.inputs + j;
        u32 places = k.images * k.out[0] * k.out[1] * k.out[2];
        K_A sum = 0;
        for (u32 place = part; place < places; place += parts) {
            u32 n = place, o2 = split(n, k.by_out[2]), o1 = split(n, k.by_out[1]), o0 = split(n, k.by_out[0]);
            u32 i0 = source(k, 0, o0, t0), i1 = source(k, 1, o1, t1), i2 = source(k, 2, o2, t2);
            if (i0 < k.size[0] && i1 < k.size[1] && i2 < k.size[2])
                sum += (K_A)g[(i64)place * k.channels + o] * (K_A)x[pixel(k, n, i0, i1, i2) * k.pitch + channel];
        }
        sums[i] = sum;
    }
}
