// What many values do to one place, and running results: in order, so that they are the same from run to run.

#define ADD(a, b) ((a) + (b))
#define MULTIPLY(a, b) ((a) * (b))
#define LARGER(a, b) ((a) > (b) || (a) != (a) ? (a) : (b))
#define SMALLER(a, b) ((a) < (b) || (a) != (a) ? (a) : (b))

#ifndef K_INTEGER
__device__ __forceinline__ K_A log_add(K_A a, K_A b) {
    if (a == b) return a + (K_A)0.6931471805599453;  // equal infinities too
    K_A gap = a > b ? a - b : b - a;
    return (a > b ? a : b) + log1p(exp(-gap));
}
#endif

// out[p] ← out[p] ∘ values[order[i]] for all i with places[i] = p, where places are sorted
#define AT(name, combine)                                                                                  \
    KERNEL name(K_T* out, const i64* places, const i64* order, const K_T* values, i64 count) {             \
        LONG_LOOP(i, count) {                                                                              \
            i64 place = places[i];                                                                         \
            if (i && places[i - 1] == place) continue;                                                     \
            K_A result = (K_A)out[place];                                                                  \
            for (i64 j = i; j < count && places[j] == place; ++j) {                                        \
                K_A value = (K_A)values[order[j]];                                                         \
                result = combine(result, value);                                                           \
            }                                                                                              \
            out[place] = (K_T)result;                                                                      \
        }                                                                                                  \
    }

AT(add_at, ADD)
AT(multiply_at, MULTIPLY)
AT(maximum_at, LARGER)
AT(minimum_at, SMALLER)

// Running results along the middle of (outer, length, inner), a thread per line.
#define ALONG(name, combine)                                                                               \
    KERNEL name(const K_T* x, K_T* out, i64 outer, i64 length, i64 inner) {                                \
        LONG_LOOP(line, outer * inner) {                                                                   \
            i64 start = line / inner * length * inner + line % inner;                                      \
            K_A result = (K_A)x[start];                                                                    \
            out[start] = (K_T)result;                                                                      \
            for (i64 i = 1; i < length; ++i) {                                                             \
                K_A value = (K_A)x[start + i * inner];                                                     \
                result = combine(result, value);                                                           \
                out[start + i * inner] = (K_T)result;                                                      \
            }                                                                                              \
        }                                                                                                  \
    }

ALONG(maximum_along, LARGER)
ALONG(minimum_along, SMALLER)
#ifndef K_INTEGER
ALONG(logaddexp_along, log_add)
#endif
