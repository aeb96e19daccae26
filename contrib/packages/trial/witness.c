/* Reads and writes an item of the Credential Manager, as another program would:
 *   witness read EMAIL    prints the secret of the item unchanged; exit code 1 if there is no item
 *   witness write EMAIL   writes the secret from stdin
 * contrib/docs/systems.md describes the item. */
#include <windows.h>
#include <wincred.h>
#include <io.h>
#include <fcntl.h>
#include <stdio.h>

int wmain(int count, wchar_t **arguments) {
    static wchar_t target[512], user[256];
    static char secret[CRED_MAX_CREDENTIAL_BLOB_SIZE];
    if (count != 3 || wcslen(arguments[2]) > 254) return 2;
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    wcscpy(user, arguments[2]);
    wcscpy(target, user);
    wcscat(target, L".heroku-cli");
    if (!wcscmp(arguments[1], L"read")) {
        CREDENTIALW *found;
        if (!CredReadW(target, CRED_TYPE_GENERIC, 0, &found)) return 1;
        fwrite(found->CredentialBlob, 1, found->CredentialBlobSize, stdout);
        CredFree(found);
        return 0;
    }
    if (!wcscmp(arguments[1], L"write")) {
        CREDENTIALW item = {0};
        item.Type = CRED_TYPE_GENERIC;
        item.TargetName = target;
        item.UserName = user;
        item.Persist = CRED_PERSIST_LOCAL_MACHINE;
        item.CredentialBlobSize = fread(secret, 1, sizeof secret, stdin);
        item.CredentialBlob = (BYTE *)secret;
        return CredWriteW(&item, 0) ? 0 : 1;
    }
    return 2;
}
