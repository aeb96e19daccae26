/* bcryptprimitives.dll for Wine before 8.13, which does not have it: Rust's standard library gets random
 * bytes from it. Here they come from the same source in Wine's advapi32. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG count);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    return SystemFunction036(bytes, (ULONG)count);
}
