/* Strings and numbers for the freestanding build (libc.c): the standard functions, as far as the shim uses them. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The compiler calls these two on its own account, too. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((char *)to)[i] = (char)byte;
    return to;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (size_t i = 0; i < limit; i++)
        if (a[i] != b[i] || !a[i])
            return (unsigned char)a[i] - (unsigned char)b[i];
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int wanted)
{
    for (;; text++) {
        if (*text == (char)wanted)
            return (char *)(uintptr_t)text;
        if (!*text)
            return NULL;
    }
}

size_t strspn(const char *text, const char *accepted)
{
    size_t length = 0;
    while (text[length] && strchr(accepted, text[length]))
        length++;
    return length;
}

struct output {
    char *at;
    size_t room; /* what is beyond it is counted, not written */
    int length;
};

static void put(struct output *output, char byte)
{
    if ((size_t)output->length < output->room)
        output->at[output->length] = byte;
    output->length++;
}

static void put_text(struct output *output, const char *text)
{
    while (*text)
        put(output, *text++);
}

static void put_number(struct output *output, unsigned long long value, bool negative)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do
        *--first = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        *--first = '-';
    put_text(output, first);
}

static void put_signed(struct output *output, long long value)
{
    put_number(output, value < 0 ? -(unsigned long long)value : (unsigned long long)value, value < 0);
}

/* %s, %d, %zd and %llu, which is all that the shim says. */
int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list arguments)
{
    struct output output = {to, size, 0};
    for (; *format; format++) {
        if (*format != '%')
            put(&output, *format);
        else if (*++format == 's')
            put_text(&output, va_arg(arguments, const char *));
        else if (*format == 'd')
            put_signed(&output, va_arg(arguments, int));
        else if (*format == 'z' && *++format)
            put_signed(&output, va_arg(arguments, ssize_t));
        else if (*format == 'l' && *++format && *++format)
            put_number(&output, va_arg(arguments, unsigned long long), false);
    }
    if (size > 0)
        to[(size_t)output.length < size ? (size_t)output.length : size - 1] = '\0';
    return output.length;
}

int snprintf(char *restrict to, size_t size, const char *restrict format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}

/* The errors that execve(2) and the claiming of a directory can meet; tests compare the words with the host's libc. */
char *strerror(int error)
{
    static char other[32];
    static const struct {
        int error;
        const char *text;
    } TEXTS[] = {
        {E2BIG, "Argument list too long"},
        {EACCES, "Permission denied"},
        {EBADF, "Bad file descriptor"},
        {EBUSY, "Device or resource busy"},
        {EDQUOT, "Disk quota exceeded"},
        {EEXIST, "File exists"},
        {EINVAL, "Invalid argument"},
        {EIO, "Input/output error"},
        {EISDIR, "Is a directory"},
        {ELIBBAD, "Accessing a corrupted shared library"},
        {ELOOP, "Too many levels of symbolic links"},
        {EMFILE, "Too many open files"},
        {ENAMETOOLONG, "File name too long"},
        {ENFILE, "Too many open files in system"},
        {ENODEV, "No such device"},
        {ENOENT, "No such file or directory"},
        {ENOEXEC, "Exec format error"},
        {ENOLCK, "No locks available"},
        {ENOMEM, "Cannot allocate memory"},
        {ENOSPC, "No space left on device"},
        {ENOTDIR, "Not a directory"},
        {EPERM, "Operation not permitted"},
        {EROFS, "Read-only file system"},
        {ESTALE, "Stale file handle"},
        {ETXTBSY, "Text file busy"},
        {EAGAIN, "Resource temporarily unavailable"},
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        if (TEXTS[i].error == error)
            return (char *)(uintptr_t)TEXTS[i].text;
    (void)snprintf(other, sizeof other, "Unknown error %d", error);
    return other;
}
