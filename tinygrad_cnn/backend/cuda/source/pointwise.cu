// Activation functions and their derivatives, in one pass each; see backend/activations.py for the formulas.

#define OF_ONE(name, formula)                                                                        \
    __device__ __forceinline__ K_T name##_at(K_T first, K_A p) {                                     \
        K_A x = (K_A)first;                                                                          \
        return (K_T)(formula);                                                                       \
    }                                                                                                \
    KERNEL name(const K_T* first, K_T* out, i64 count, K_A p) {                                      \
        i64 packs = packs_of(WIDE, count, first, out), done = packs * WIDE;                          \
        LONG_LOOP(i, packs) {                                                                        \
            Pack<WIDE> x = load<WIDE>(first, i);                                                     \
            UNROLL for (u32 t = 0; t < WIDE; ++t) x.value[t] = name##_at(x.value[t], p);             \
            store<WIDE>(out, i, x);                                                                  \
        }                                                                                            \
        LONG_LOOP(i, count - done) out[done + i] = name##_at(first[done + i], p);                    \
    }

#define OF_TWO(name, formula)                                                                        \
    __device__ __forceinline__ K_T name##_at(K_T first, K_T second, K_A p) {                         \
        K_A g = (K_A)first, x = (K_A)second;                                                         \
        return (K_T)(formula);                                                                       \
    }                                                                                                \
    KERNEL name(const K_T* first, const K_T* second, K_T* out, i64 count, K_A p) {                   \
        i64 packs = packs_of(WIDE, count, first, second, out), done = packs * WIDE;                  \
        LONG_LOOP(i, packs) {                                                                        \
            Pack<WIDE> g = load<WIDE>(first, i), x = load<WIDE>(second, i);                          \
            UNROLL for (u32 t = 0; t < WIDE; ++t) g.value[t] = name##_at(g.value[t], x.value[t], p); \
            store<WIDE>(out, i, g);                                                                  \
        }                                                                                            \
        LONG_LOOP(i, count - done) out[done + i] = name##_at(first[done + i], second[done + i], p);  \
    }

__device__ __forceinline__ K_A logistic(K_A x) { return 1 / (1 + exp(-x)); }

OF_ONE(relu, x > 0 || x != x ? x : (K_A)0)
OF_ONE(leaky_relu, x > 0 ? x : p * x)
OF_ONE(elu, x > 0 ? x : p * expm1(x))
OF_ONE(sigmoid, logistic(x))
OF_ONE(silu, x / (1 + exp(-x)))
OF_ONE(softplus, ((p * x > 0 ? p * x : (K_A)0) + log1p(exp(-(p * x > 0 ? p * x : -(p * x))))) / p)

OF_TWO(plus, g + x)
OF_TWO(times, g * x)
OF_TWO(plus_relu, g + x <= 0 ? (K_A)0 : g + x)
OF_TWO(relu_grad, x <= 0 ? (K_A)0 : g)
OF_TWO(leaky_relu_grad, x > 0 ? g : p * g)
OF_TWO(elu_grad, x > 0 ? g : g * p * exp(x))
OF_TWO(sigmoid_grad, g * x * (1 - x))
OF_TWO(tanh_grad, g * (1 - x * x))
OF_TWO(silu_grad, g * logistic(x) * (1 + x * (1 - logistic(x))))
