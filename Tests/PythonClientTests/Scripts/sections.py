"""Drives every section of ipfshttpclient 0.7 against a daemon: sections.py MULTIADDR FOLDER

Prints a line for each section that did what it should, and a traceback for each that did not.
"""

import io
import os
import sys
import threading
import traceback

import ipfshttpclient
from ipfshttpclient import exceptions

address, folder = sys.argv[1:]
client = ipfshttpclient.connect(address)
failed = []


def section(function):
    try:
        function()
        print("ok", function.__name__, flush=True)
    except Exception:
        failed.append(function.__name__)
        traceback.print_exc(file=sys.stdout)


def refuses(text, call, *arguments, **options):
    """The daemon answers with an error that says `text`."""
    try:
        result = call(*arguments, **options)
        if hasattr(result, "__iter__") and not isinstance(result, (dict, list, bytes, str)):
            list(result)
    except exceptions.ErrorResponse as error:
        assert text in str(error), str(error)
    else:
        raise AssertionError(f"{call} was not refused")


@section
def top_level():
    assert client.version()["Version"]
    identity = client.id()
    assert identity["ID"] and identity["PublicKey"]
    client.apply_workarounds()
    text = client.add_str("some text")
    assert client.cat(text) == b"some text"
    assert client.cat(text, offset=5, length=2) == b"te"
    assert client.add_bytes(b"some text") == text
    value = {"a": [1, 2.5, None, True], "b": "\u00e4"}
    assert client.get_json(client.add_json(value)) == value
    assert client.resolve("/ipfs/" + text)["Path"] == "/ipfs/" + text


@section
def add_and_get():
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "below", "deeper"))
    content = {"a.txt": b"a" * 300_000, "below/b.bin": os.urandom(1_500_000), "below/deeper/empty": b""}
    for name, data in content.items():
        with open(os.path.join(tree, name), "wb") as file:
            file.write(data)
    added = {entry["Name"]: entry["Hash"] for entry in client.add(tree, recursive=True)}
    assert set(added) == {"tree", "tree/a.txt", "tree/below", "tree/below/b.bin", "tree/below/deeper",
                          "tree/below/deeper/empty"}, added
    root = added["tree"]
    target = os.path.join(folder, "out")
    os.makedirs(target)
    client.get(root, target=target)
    for name, data in content.items():
        with open(os.path.join(target, root, name), "rb") as file:
            assert file.read() == data, name
    links = client.ls(root)["Objects"][0]["Links"]
    assert sorted(link["Name"] for link in links) == ["a.txt", "below"], links
    assert client.cat(root + "/a.txt") == content["a.txt"]
    one = client.add(os.path.join(tree, "a.txt"), wrap_with_directory=True, only_hash=True)
    assert [entry["Name"] for entry in one] == ["a.txt", ""], one
    assert client.cat(client.add(io.BytesIO(b"a stream"))["Hash"]) == b"a stream"
    for options in ({"trickle": True}, {"chunker": "size-1000"}, {"raw_leaves": True}, {"cid_version": 1}):
        cid = client.add(os.path.join(tree, "a.txt"), **options)["Hash"]
        assert client.cat(cid) == content["a.txt"], options
    matched = client.add(tree, recursive=True, pattern="*.txt")
    assert any(entry["Name"].endswith("a.txt") for entry in matched)
    refuses("no link named", client.cat, root + "/nowhere")
    refuses("not found locally", client.cat, "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", opts={"offline": True})


@section
def bitswap():
    assert "Peers" in client.bitswap.stat()
    assert client.bitswap.wantlist()["Keys"] in (None, [])


@section
def block():
    key = client.block.put(io.BytesIO(b"a block"))["Key"]
    assert client.block.get(key) == b"a block"
    assert client.block.stat(key) == {"Key": key, "Size": 7}


@section
def bootstrap():
    before = client.bootstrap.list()["Peers"] or []
    peer = "/ip4/127.0.0.1/tcp/4999/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ"
    client.bootstrap.add(peer)
    assert peer in client.bootstrap.list()["Peers"]
    client.bootstrap.rm(peer)
    assert (client.bootstrap.list()["Peers"] or []) == before


@section
def config():
    client.config.set("Addresses.Gateway", "/ip4/127.0.0.1/tcp/8081")
    whole = client.config.get()
    assert whole["Identity"]["PeerID"] == client.id()["ID"]
    assert whole["Addresses"]["Gateway"] == "/ip4/127.0.0.1/tcp/8081"
    assert "PrivKey" not in whole["Identity"]
    # It sends the keys of what it is given as arguments, and no file.
    try:
        client.config.replace(whole)
    except exceptions.StatusError as error:
        assert "400" in str(error), str(error)
    assert client.config.get() == whole


@section
def dag():
    key = client.dag.put(io.BytesIO(b'{"a": {"b": [1, 2, 3]}}'))["Cid"]["/"]
    assert client.dag.get(key).as_json() == {"a": {"b": [1, 2, 3]}}
    assert client.dag.get(key + "/a/b/1").as_json() == 2
    found = client.dag.resolve(key + "/a")
    assert found["Cid"]["/"] == key and found["RemPath"] == "/a"
    archive = client.dag.export(key)
    imported = client.dag.imprt(io.BytesIO(archive))
    assert imported["Root"]["Cid"]["/"] == key, imported


@section
def dht():
    peer = "QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ"
    refuses("", client.dht.findpeer, peer)
    refuses("", client.dht.query, peer)


@section
def files():
    client.files.mkdir("/python/below", parents=True)
    client.files.write("/python/file", io.BytesIO(b"some content"), create=True)
    client.files.write("/python/file", io.BytesIO(b"ANY"), offset=0)
    assert client.files.read("/python/file") == b"ANYe content"
    assert client.files.read("/python/file", offset=5, count=3) == b"con"
    information = client.files.stat("/python/file")
    assert information["Size"] == 12 and information["Type"] == "file", information
    client.files.cp("/python/file", "/python/below/copy")
    client.files.mv("/python/file", "/python/moved")
    names = sorted(entry["Name"] for entry in client.files.ls("/python")["Entries"])
    assert names == ["below", "moved"], names
    client.files.rm("/python/moved")
    refuses("file does not exist", client.files.stat, "/python/moved")
    client.files.rm("/python", recursive=True)
    refuses("file does not exist", client.files.stat, "/python")


@section
def key():
    made = client.key.gen("python", "rsa", 2048)
    assert any(entry["Id"] == made["Id"] for entry in client.key.list()["Keys"])
    client.key.rename("python", "renamed")
    assert client.key.rm("renamed")["Keys"][0]["Name"] == "renamed"


@section
def name():
    content = client.add_str("a named text")
    client.key.gen("named", "ed25519", 0)
    published = client.name.publish("/ipfs/" + content, key="named", allow_offline=True)
    assert client.name.resolve(published["Name"])["Path"] == "/ipfs/" + content
    assert client.cat("/ipns/" + published["Name"]) == b"a named text"
    client.key.rm("named")


@section
def object():
    leaf = client.add_str("leaf")
    empty = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    assert client.object.new("unixfs-dir")["Hash"] == empty
    linked = client.object.patch.add_link(empty, "leaf", leaf)["Hash"]
    assert client.cat(linked + "/leaf") == b"leaf"
    links = client.object.links(linked)["Links"]
    assert [(link["Name"], link["Hash"]) for link in links] == [("leaf", leaf)], links
    assert client.object.get(linked)["Links"] == links
    assert client.object.data(linked) == b"\x08\x01"
    assert client.object.stat(linked)["NumLinks"] == 1
    assert client.object.diff(empty, linked)["Changes"][0]["Path"] == "leaf"
    assert client.object.patch.rm_link(linked, "leaf")["Hash"] == empty
    node = client.object.put(io.BytesIO(b'{"Data": "some data", "Links": []}'))["Hash"]
    assert client.object.data(node) == b"some data"
    more = client.object.patch.append_data(node, io.BytesIO(b" and more"))["Hash"]
    assert client.object.data(more) == b"some data and more"
    assert client.object.patch.set_data(more, io.BytesIO(b"some data"))["Hash"] == node
    assert client.object.data(client.object.new()["Hash"]) == b""


@section
def pin():
    old, new = client.add_bytes(b"old"), client.add_bytes(b"new", opts={"pin": False})
    assert client.pin.ls(old)["Keys"][old]["Type"] == "recursive"
    client.pin.update(old, new)
    assert old not in client.pin.ls(type="recursive")["Keys"]
    for entry in client.pin.verify(new, verbose=True):
        assert entry["Ok"] or entry.get("Err"), entry
    assert client.pin.rm(new)["Pins"] == [new]
    assert client.pin.add(new)["Pins"] == [new]
    client.pin.rm(new)
    refuses("not pinned", client.pin.rm, new)


@section
def pubsub():
    # A message to those who listen here. The subscription is a stream that ends with its connection.
    with client.pubsub.subscribe("a topic") as messages:
        client.pubsub.publish("a topic", "a message")
        message = next(iter(messages))
    import base64
    assert base64.b64decode(message["data"]) == b"a message", message
    assert client.pubsub.peers()["Strings"] in (None, [])
    client.pubsub.ls()


@section
def repo():
    gone = client.add_bytes(os.urandom(1000), opts={"pin": False})
    removed = {entry["Key"]["/"] for entry in client.repo.gc()}
    assert gone in removed, removed
    assert client.repo.stat()["NumObjects"] > 0


@section
def swarm():
    assert client.swarm.peers()["Peers"] in (None, [])
    client.swarm.addrs()
    # It sends the letters of the address, too.
    refuses("invalid multiaddr-filter format", client.swarm.filters.add, "/ip4/192.168.0.0/ipcidr/16")
    peer = "/ip4/127.0.0.1/tcp/4999/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ"
    refuses("", client.swarm.connect, peer)


@section
def unstable():
    assert client.unstable.log.ls()["Strings"]
    assert "Changed log level" in client.unstable.log.level("all", "error")["Message"]
    root = client.add_json([1])
    client.unstable.refs(root)
    assert any(entry["Ref"] for entry in client.unstable.refs.local())


print(f"{len(failed)} failed: {failed}")
sys.exit(1 if failed else 0)
