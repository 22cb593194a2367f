// Activation functions and their derivatives, in one pass each; see backend/activations.py for the formulas.

#define OF_ONE(name, formula)                                       \
    KERNEL name(const K_T* first, K_T* out, i64 count, K_A p) {     \
        LONG_LOOP(i, count) {                                       \
            K_A x = (K_A)first[i];                                  \
            out[i] = (K_T)(formula);                                \
        }                                                           \
    }

#define OF_TWO(name, formula)                                                        \
    KERNEL name(const K_T* first, const K_T* second, K_T* out, i64 count, K_A p) {   \
        LONG_LOOP(i, count) {                                                        \
            K_A g = (K_A)first[i], x = (K_A)second[i];                               \
            out[i] = (K_T)(formula);                                                 \
        }                                                                            \
    }

__device__ __forceinline__ K_A logistic(K_A x) { return 1 / (1 + exp(-x)); }

OF_ONE(leaky_relu, x > 0 ? x : p * x)
OF_ONE(elu, x > 0 ? x : p * expm1(x))
OF_ONE(sigmoid, logistic(x))
OF_ONE(silu, x / (1 + exp(-x)))
OF_ONE(softplus, ((p * x > 0 ? p * x : (K_A)0) + log1p(exp(-(p * x > 0 ? p * x : -(p * x))))) / p)

OF_TWO(relu_grad, x <= 0 ? (K_A)0 : g)
OF_TWO(leaky_relu_grad, x > 0 ? g : p * g)
OF_TWO(elu_grad, x > 0 ? g : g * p * exp(x))
OF_TWO(sigmoid_grad, g * x * (1 - x))
OF_TWO(tanh_grad, g * (1 - x * x))
OF_TWO(silu_grad, g * logistic(x) * (1 + x * (1 - logistic(x))))
