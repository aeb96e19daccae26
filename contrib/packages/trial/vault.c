/* A stand-in for Windows.Security.Credentials.dll: PasswordVault and PasswordCredential, for Wine, which has
 * neither. `windows-core` loads a class that is not registered from a file of this name beside the program.
 * The credentials are in vault.txt beside the library, one in a line: resource, user name, password, separated
 * by tabs. Each password that is retrieved adds a line to vault.log.
 * Source: the interfaces in Microsoft's metadata, as the crate `windows` has them. */
#include <windows.h>
#include <stdio.h>

#define EXPORT __declspec(dllexport)
#define NOT_FOUND ((HRESULT)0x80070490)
#define LONGEST 1024
#define MOST 64

/* A string of WinRT, with the memory layout of every implementation. */
typedef struct { UINT32 flags, length, unused[2]; WCHAR *data; LONG count; WCHAR start[1]; } String;
typedef struct { const void *const *methods; LONG count; } Object;
typedef struct { Object object; WCHAR resource[LONGEST], user[LONGEST], password[LONGEST]; BOOL retrieved; } Credential;
typedef struct { Object object; UINT32 size; Credential *credentials[MOST]; } View;

static WCHAR folder[MAX_PATH];

static FILE *beside(const WCHAR *name, const WCHAR *mode) {
    WCHAR path[2 * MAX_PATH];
    wcscpy(path, folder);
    wcscat(path, name);
    return _wfopen(path, mode);
}

static HRESULT string(const WCHAR *text, String **made) {
    UINT32 length = wcslen(text);
    String *string;
    *made = NULL;
    if (!length) return S_OK;
    string = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *string + 2 * length);
    if (!string) return E_OUTOFMEMORY;
    string->length = length;
    string->count = 1;
    string->data = string->start;
    wcscpy(string->data, text);
    *made = string;
    return S_OK;
}

static void copy(WCHAR *to, const String *from) {
    UINT32 length = from ? from->length : 0;
    if (length >= LONGEST) length = LONGEST - 1;
    if (length) memcpy(to, from->data, 2 * length);
    to[length] = 0;
}

static HRESULT WINAPI query(Object *self, const IID *id, void **found) {
    static const IID agile = {0x94ea2b94, 0xe9cc, 0x49e0, {0xc0, 0xff, 0xee, 0x64, 0xca, 0x8f, 0x5b, 0x90}};
    /* Each object has one interface, and is not agile: only its caller may use it. */
    if (IsEqualIID(id, &agile)) { *found = NULL; return E_NOINTERFACE; }
    InterlockedIncrement(&self->count);
    *found = self;
    return S_OK;
}
static ULONG WINAPI add_reference(Object *self) { return InterlockedIncrement(&self->count); }
static ULONG WINAPI release(Object *self) {
    ULONG left = InterlockedDecrement(&self->count);
    if (!left) HeapFree(GetProcessHeap(), 0, self);
    return left;
}
static HRESULT WINAPI not_here(void) { return E_NOTIMPL; }
#define INSPECTABLE query, add_reference, release, not_here, not_here, not_here

static void *object(const void *const *methods, size_t size) {
    Object *made = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
    if (made) { made->methods = methods; made->count = 1; }
    return made;
}

/* The file. */
static UINT32 load(Credential **all) {
    extern const void *const credential_methods[];
    static char line[8 * LONGEST];
    WCHAR wide[4 * LONGEST];
    UINT32 count = 0;
    FILE *file = beside(L"vault.txt", L"rb");
    if (!file) return 0;
    while (count < MOST && fgets(line, sizeof line, file)) {
        Credential *credential = object(credential_methods, sizeof *credential);
        WCHAR *user, *password;
        line[strcspn(line, "\n")] = 0;
        MultiByteToWideChar(CP_UTF8, 0, line, -1, wide, 4 * LONGEST);
        if (!credential || !(user = wcschr(wide, '\t')) || !(password = wcschr(user + 1, '\t'))) continue;
        *user++ = *password++ = 0;
        wcscpy(credential->resource, wide);
        wcscpy(credential->user, user);
        wcscpy(credential->password, password);
        all[count++] = credential;
    }
    fclose(file);
    return count;
}

static void save(Credential **all, UINT32 count) {
    static char text[8 * LONGEST];
    FILE *file = beside(L"vault.txt", L"wb");
    UINT32 at;
    for (at = 0; file && at < count; at++) {
        const WCHAR *parts[] = {all[at]->resource, all[at]->user, all[at]->password};
        int part;
        for (part = 0; part < 3; part++) {
            WideCharToMultiByte(CP_UTF8, 0, parts[part], -1, text, sizeof text, NULL, NULL);
            fprintf(file, "%s%c", text, part < 2 ? '\t' : '\n');
        }
    }
    if (file) fclose(file);
}

static UINT32 find(Credential **all, UINT32 count, const WCHAR *resource, const WCHAR *user) {
    UINT32 at;
    for (at = 0; at < count; at++)
        if (!wcscmp(all[at]->resource, resource) && (!user || !wcscmp(all[at]->user, user))) return at;
    return MOST;
}

/* PasswordCredential */
static HRESULT WINAPI resource(Credential *self, String **value) { return string(self->resource, value); }
static HRESULT WINAPI set_resource(Credential *self, String *value) { copy(self->resource, value); return S_OK; }
static HRESULT WINAPI user(Credential *self, String **value) { return string(self->user, value); }
static HRESULT WINAPI set_user(Credential *self, String *value) { copy(self->user, value); return S_OK; }
static HRESULT WINAPI password(Credential *self, String **value) {
    return string(self->retrieved ? self->password : L"", value);
}
static HRESULT WINAPI set_password(Credential *self, String *value) { copy(self->password, value); return S_OK; }
static HRESULT WINAPI retrieve_password(Credential *self) {
    FILE *log = beside(L"vault.log", L"ab");
    if (log) { fputs("a password was retrieved\n", log); fclose(log); }
    self->retrieved = TRUE;
    return S_OK;
}
const void *const credential_methods[] = {INSPECTABLE, resource, set_resource, user, set_user, password, set_password,
    retrieve_password, not_here};

/* IVectorView<PasswordCredential> */
static HRESULT WINAPI get_at(View *self, UINT32 at, Credential **found) {
    if (at >= self->size) return E_INVALIDARG;
    add_reference(&self->credentials[at]->object);
    *found = self->credentials[at];
    return S_OK;
}
static HRESULT WINAPI size(View *self, UINT32 *size) { *size = self->size; return S_OK; }
static const void *const view_methods[] = {INSPECTABLE, get_at, size, not_here, not_here};

/* PasswordVault */
static HRESULT WINAPI add(Object *self, Credential *new) {
    Credential *all[MOST + 1];
    UINT32 count = load(all), at = find(all, count, new->resource, new->user);
    (void)self;
    if (at == MOST) at = count++;
    if (count > MOST) return E_FAIL;
    all[at] = new;
    save(all, count);
    return S_OK;
}
static HRESULT WINAPI take(Object *self, Credential *old) {
    Credential *all[MOST + 1];
    UINT32 count = load(all), at = find(all, count, old->resource, old->user);
    (void)self;
    if (at == MOST) return NOT_FOUND;
    all[at] = all[--count];
    save(all, count);
    return S_OK;
}
static HRESULT WINAPI retrieve(Object *self, String *resource, String *user, Credential **found) {
    static WCHAR wanted[2][LONGEST];
    Credential *all[MOST + 1];
    UINT32 count = load(all), at;
    (void)self;
    copy(wanted[0], resource);
    copy(wanted[1], user);
    at = find(all, count, wanted[0], wanted[1]);
    *found = at == MOST ? NULL : all[at];
    return at == MOST ? NOT_FOUND : S_OK;
}
static HRESULT WINAPI find_by_resource(Object *self, String *resource, View **found) {
    static WCHAR wanted[LONGEST];
    Credential *all[MOST + 1];
    UINT32 count = load(all), at;
    View *view = object(view_methods, sizeof *view);
    (void)self;
    copy(wanted, resource);
    for (at = 0; at < count; at++)
        if (!wcscmp(all[at]->resource, wanted)) view->credentials[view->size++] = all[at];
    *found = view->size ? view : NULL;
    return view->size ? S_OK : NOT_FOUND;
}
static const void *const vault_methods[] = {INSPECTABLE, add, take, retrieve, find_by_resource, not_here, not_here};

/* The factories of both classes. */
static HRESULT WINAPI make_vault(Object *self, Object **made) {
    (void)self;
    *made = object(vault_methods, sizeof **made);
    return *made ? S_OK : E_OUTOFMEMORY;
}
static const void *const vault_factory_methods[] = {INSPECTABLE, make_vault};
static HRESULT WINAPI make_credential(Object *self, String *resource, String *user, String *password, Credential **made) {
    Credential *credential = object(credential_methods, sizeof *credential);
    (void)self;
    copy(credential->resource, resource);
    copy(credential->user, user);
    copy(credential->password, password);
    credential->retrieved = TRUE;
    *made = credential;
    return S_OK;
}
static const void *const credential_factory_methods[] = {INSPECTABLE, make_credential};

EXPORT HRESULT WINAPI DllGetActivationFactory(String *class, Object **factory) {
    static WCHAR name[LONGEST];
    copy(name, class);
    *factory = NULL;
    if (!wcscmp(name, L"Windows.Security.Credentials.PasswordVault"))
        *factory = object(vault_factory_methods, sizeof **factory);
    if (!wcscmp(name, L"Windows.Security.Credentials.PasswordCredential"))
        *factory = object(credential_factory_methods, sizeof **factory);
    return *factory ? S_OK : CLASS_E_CLASSNOTAVAILABLE;
}

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *reserved) {
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        GetModuleFileNameW(library, folder, MAX_PATH);
        wcsrchr(folder, '\\')[1] = 0;
    }
    return TRUE;
}
