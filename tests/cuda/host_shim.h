// CUDA's words for a C++ compiler, so that a kernel is a plain function that does all threads' work in one loop.
// With HOST_THREADS a block's threads are real ones, which meet at __syncthreads.
#pragma once
#include <math.h>
#include <string.h>
#define __global__
#define __device__ static
#define __forceinline__ inline
#define __shared__ static
typedef _Float16 __half;
struct __nv_bfloat16 {  // the upper half of a float, rounded to the nearest, to even between two
    unsigned short bits;
    __nv_bfloat16() = default;
    __nv_bfloat16(float x) {
        unsigned word;
        memcpy(&word, &x, 4);
        bits = x != x ? 0x7fc0 : (unsigned short)((word + 0x7fff + (word >> 16 & 1)) >> 16);
    }
    operator float() const {
        unsigned word = (unsigned)bits << 16;
        float x;
        memcpy(&x, &word, 4);
        return x;
    }
};
struct shim3 {
    unsigned x, y, z;
};
static thread_local shim3 threadIdx{0, 0, 0}, blockIdx{0, 0, 0};
static shim3 blockDim{1, 1, 1}, gridDim{1, 1, 1};
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
#ifdef HOST_THREADS
#include <barrier>
static std::barrier<>* shim_barrier;
static inline void __syncthreads() { shim_barrier->arrive_and_wait(); }
extern "C" void shim_block(unsigned blocks, unsigned threads, void* barrier) {
    gridDim.x = blocks, blockDim.x = threads, shim_barrier = (std::barrier<>*)barrier;
}
extern "C" void* shim_barrier_of(unsigned threads) { return new std::barrier<>(threads); }
extern "C" void shim_thread(unsigned block, unsigned thread) { blockIdx.x = block, threadIdx.x = thread; }
#else
static inline void __syncthreads() {}
#endif
