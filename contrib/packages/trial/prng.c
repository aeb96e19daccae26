/* bcryptprimitives.dll for a Wine that is older than that library (before 8.13): Rust's standard
 * library asks it for randomness. The bytes come from the same source in Wine's advapi32. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG count);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    return SystemFunction036(bytes, (ULONG)count);
}
