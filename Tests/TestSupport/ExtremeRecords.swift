internal import Multiformats
public import UnixFS

extension FileContent {
  /// A file with every kind of extent, at offsets as far apart as they can be.
  ///
  /// - Parameters:
  ///   - base: The DAG it differs from.
  ///   - leaf: What is linked in it, one MiB.
  public static func extreme(over base: DAGRoot, _ leaf: Leaf) -> FileContent {
    var map = ExtentMap(baseSize: 1 << 50)
    map.set(100..<200, .spool(origin: 0))
    map.set(300..<400, .spool(origin: 200))
    map.set(500..<600, .spool(origin: -(1 << 50)))
    map.set(4096..<8192, .leaf(leaf, origin: 4096))
    map.set(9000..<9500, .leaf(leaf, origin: -1000))
    map.set((1 << 60)..<(1 << 61), .hole)
    return FileContent(size: 1 << 61, base: base, pending: map)
  }
}

extension NodeRecord {
  /// A node with the largest and smallest values that a node can have, and a name that no file system shows.
  public static func extreme(
    _ inode: InodeNumber, _ content: NodeContent, form: DirectoryForm? = nil
  ) -> NodeRecord {
    let attributes = Attributes(
      mode: 0o7777, uid: .max, gid: 0, mtime: Timestamp(seconds: .min, nanoseconds: 999_999_999),
      ctime: Timestamp(seconds: .max))
    return NodeRecord(
      inode: inode, parent: 1, name: EntryName(bytes: [0xFF, 0x00, 0x2F]), attributes: attributes, content: content,
      extendedAttributes: ["user.a": [], "user.b": [1, 2, 3]], form: form)
  }
}

extension DirectoryForm {
  /// A form with everything that one can have.
  public static let extreme = DirectoryForm(
    cidVersion: .v1, hashFunction: .blake3,
    metadata: UnixFSMetadata(mode: .max, mtime: Timestamp(seconds: .min, nanoseconds: 999_999_999)))
}
