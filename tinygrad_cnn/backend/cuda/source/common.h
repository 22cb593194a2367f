// What all kernels share. Every kernel is a loop that any number of threads and blocks can share, so the same text is
// compiled by NVRTC for the device and by a C++ compiler, with stand-ins for CUDA's words, for tests without one.
//
// K_T is the type in memory, K_A the one to compute in; both are given by the one who compiles.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#ifndef INFINITY  // NVRTC knows it only with a header
#define INFINITY __int_as_float(0x7f800000)
#endif
#ifndef NAN
#define NAN __int_as_float(0x7fffffff)
#endif

#define LOOP(i, count) \
    for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < (u32)(count); i += blockDim.x * gridDim.x)
#define LONG_LOOP(i, count) \
    for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < (i64)(count); i += (i64)blockDim.x * gridDim.x)

#define KERNEL extern "C" __global__ void

#define SCRATCH 256  // threads of a block that sum together, at most

// Division by a number that is known before the launch, as a product and a shift (Granlund & Montgomery 1994).
struct Divisor {
    u32 number, factor, shift;
};

__device__ __forceinline__ u32 divide(u32 n, const Divisor& by) {
    return (u32)(((u64)__umulhi(n, by.factor) + n) >> by.shift);
}

// n becomes the quotient; the remainder is returned.
__device__ __forceinline__ u32 split(u32& n, const Divisor& by) {
    u32 quotient = divide(n, by), rest = n - quotient * by.number;
    n = quotient;
    return rest;
}

// Neighbouring values that are read and written at once, 16 bytes where they begin at a multiple of 16.
#define WIDE ((u32)(16 / sizeof(K_T)))
template <u32 N>
struct alignas(N * sizeof(K_T)) Pack {
    K_T value[N];
};

// How many packs there are in `count` values of arrays that all begin at a multiple of their size; 0 for others. The rest
// is for one value at a time.
template <typename... Pointers>
__device__ __forceinline__ i64 packs_of(u32 width, i64 count, Pointers... pointers) {
    u64 all = (0ull | ... | (u64)pointers);
    return all % (width * sizeof(K_T)) ? 0 : count / width;
}

template <u32 N>
__device__ __forceinline__ Pack<N> load(const K_T* values, i64 pack) {
    return ((const Pack<N>*)values)[pack];
}

template <u32 N>
__device__ __forceinline__ void store(K_T* values, i64 pack, const Pack<N>& what) {
    ((Pack<N>*)values)[pack] = what;
}

#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

// The sum of a value over the threads of a block, a power of two of them, in an order that never changes.
template <typename V>
__device__ __forceinline__ V block_sum(V value, V* scratch) {
    scratch[threadIdx.x] = value;
    __syncthreads();
    for (u32 half = blockDim.x / 2; half; half /= 2) {
        if (threadIdx.x < half) scratch[threadIdx.x] += scratch[threadIdx.x + half];
        __syncthreads();
    }
    value = scratch[0];
    __syncthreads();
    return value;
}

template <typename V>
__device__ __forceinline__ V block_max(V value, V* scratch) {
    scratch[threadIdx.x] = value;
    __syncthreads();
    for (u32 half = blockDim.x / 2; half; half /= 2) {
        if (threadIdx.x < half) {
            V other = scratch[threadIdx.x + half];
            if (other > scratch[threadIdx.x] || other != other) scratch[threadIdx.x] = other;
        }
        __syncthreads();
    }
    value = scratch[0];
    __syncthreads();
    return value;
}
