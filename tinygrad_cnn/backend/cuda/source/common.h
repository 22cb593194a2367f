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
