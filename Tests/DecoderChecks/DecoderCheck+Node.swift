import Foundation
import IPFSMount
import IPFSNode
import Multiformats
import TestSupport
import UnixFS

extension DecoderCheck {
  private static let dag = DAGRoot(cid: cid, size: 1 << 50, tsize: .max)

  /// Nodes with everything that a node can have.
  private static let storedNodes: [StoredNode] = {
    var map = ExtentMap(baseSize: 1 << 50)
    let leaf = Leaf(cid: cid, size: 1 << 20, tsize: 1 << 20)
    map.set(100..<200, .spool(origin: 0))
    map.set(300..<400, .spool(origin: -(1 << 50)))
    map.set(4096..<8192, .leaf(leaf, origin: 4096))
    map.set(9000..<9500, .leaf(leaf, origin: -1000))
    map.set((1 << 60)..<(1 << 61), .hole)
    let file = FileContent(size: 1 << 61, base: dag, pending: map)
    let attributes = Attributes(
      mode: 0o7777, uid: .max, gid: 0, mtime: Timestamp(seconds: .min, nanoseconds: 999_999_999),
      ctime: Timestamp(seconds: .max))
    let contents: [NodeContent] = [
      .file(file), .file(.empty), .directory(subdirectories: 3), .symlink(target: Array("/some/where".utf8)),
    ]
    return contents.enumerated().map { number, content in
      StoredNode(
        record: NodeRecord(
          inode: InodeNumber(number) + 2, parent: 1, name: EntryName(bytes: [0xFF, 0x00, 0x2F]), attributes: attributes,
          content: content, extendedAttributes: ["user.a": [], "user.b": [1, 2, 3]]),
        dag: content.kind == .directory ? dag : nil)
    }
  }()

  /// What a repo keeps.
  static let state = [
    DecoderCheck(
      "journal entry",
      seeds: storedNodes.map { JournalEntry([.node($0)]).encoded() } + [
        JournalEntry([.gone(7), .dag(8, dag), .dag(9, nil)]).encoded(),
        JournalEntry([.directory(6, storedNodes[0].record.attributes, subdirectories: 7)]).encoded(),
      ]
    ) { bytes in
      guard let entry = try? bytes.withUnsafeBytes({ try JournalEntry(decoding: $0) }) else { return false }
      let again = entry.encoded()
      try hold(try again.withUnsafeBytes { try JournalEntry(decoding: $0) } == entry, "another entry")
      return true
    },
    DecoderCheck("stored node", seeds: storedNodes.map(\.state)) { bytes in
      guard
        let node = try? bytes.withUnsafeBytes({ try StoredNode(inode: 2, parent: 1, name: "a", state: $0) })
      else { return false }
      let again = node.state
      try hold(
        try again.withUnsafeBytes { try StoredNode(inode: 2, parent: 1, name: "a", state: $0) } == node, "another node")
      return true
    },
    DecoderCheck(
      "block file",
      texts: [cid.multihash.bytes, [0, 3, 1, 2, 3]].map { hash in
        String(BlockPath(multihash: hash).path.drop { $0 != "/" }.dropFirst())
      }
    ) { name in
      guard let hash = BlockPath.multihash(ofFile: name) else { return false }
      let path = BlockPath(multihash: hash.bytes).path
      try hold(path.hasSuffix("/" + name), "\(name) is at \(path)")
      return true
    },
    DecoderCheck(
      "configuration", texts: [NodeConfiguration.standard, #"{"Import":{"UnixFSHAMTDirectorySizeThreshold":"1 MB"}}"#]
    ) {
      guard let configuration = try? NodeConfiguration(json: Array($0.utf8)) else { return false }
      return (try? configuration.profile()) != nil
    },
  ]

  /// What commands are asked.
  static let commands = [
    DecoderCheck(
      "mount options",
      texts: [
        "api=embedded,repo=/tmp/r,ro,allow_other,log=/tmp/l,writeback=no,nosuid,noatime,x-a=b",
        "chunker=size-1048576,cid-version=1,raw-leaves=true,max-file-links=174",
      ]
    ) { text in
      guard let options = try? MountOptions(arguments: ["mfs", "/m", "-o", text], isCalledByMount: true) else {
        return false
      }
      try hold(options.mountPoint == "/m" && options.repo.hasPrefix("/"), "other options")
      return true
    },
    DecoderCheck("control request", texts: [#"{"request":"status"}"#, #"{"request":"unmount"}"#]) { line in
      ControlMessage(line: Data(line.utf8)) != nil
    },
  ]
}
