import IPLD
import Multiformats
import Synchronization
package import UnixFS

/// Attributes that say what IPFS knows of a node, and have it do something. Named `user.ipfs.NAME` and, on symbolic
/// links too, `ipfs.NAME`; never listed, so that `cp -a` and `rsync -X` do not try to copy them.
package enum IPFSAttribute: Sendable, Hashable {
  /// The CID it has now.
  case cid
  /// `/ipfs/` and the CID.
  case path
  /// How the CID is pinned; set to `recursive` or `direct`, or removed.
  case pin
  /// The CID of the last `add` with options of its own; set to those options.
  case add
  /// A file's content; set to an IPFS path, whose content it becomes.
  case cat
  /// The content at an IPFS path.
  case contentAt([UInt8])
  /// Set on a directory to an IPFS path, which it gets as an entry of this name.
  case link(EntryName)
  /// Whether every block of it is here.
  case local

  /// The attribute of a name without its namespace.
  init?(_ name: ArraySlice<UInt8>) {
    let parts = name.split(separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
    switch (String(decoding: parts[0], as: UTF8.self), parts.count == 2 ? Array(parts[1]) : nil) {
    case ("cid", nil): self = .cid
    case ("path", nil): self = .path
    case ("pin", nil): self = .pin
    case ("add", nil): self = .add
    case ("cat", nil): self = .cat
    case ("cat", let path?): self = .contentAt(path)
    case ("link", let name?): self = .link(EntryName(bytes: name))
    case ("local", nil): self = .local
    default: return nil
    }
  }
}

extension FileSystem {
  /// Where a record keeps the CID of the last `add`: beside the user's own attributes, of which it is none.
  static let addedName: EntryName = "ipfs.add"

  func value(of attribute: IPFSAttribute, of node: NodeID, _ caller: Caller?) async throws(FileSystemError) -> [UInt8] {
    switch attribute {
    case .cid: return Array(try await cid(of: node).description.utf8)
    case .path: return Array("/ipfs/\(try await cid(of: node))".utf8)
    case .pin:
      guard let mode = try await volume.pinMode(of: cid(of: node)) else { throw FileSystemError(.noAttribute) }
      return Array(mode.rawValue.utf8)
    case .add:
      let record = try await volume.record(of: InodeTable.inode(of: node))
      guard let added = record.extendedAttributes[Self.addedName] else { throw FileSystemError(.noAttribute) }
      return added
    case .cat:
      try checkContentAccess(of: caller)
      let inode = InodeTable.inode(of: node)
      return try await reporting("cat", inode) { () async throws(FileSystemError) in
        _ = try await cid(of: node)
        return try await content(of: try await committedRoot(ofFile: inode))
      }
    case .contentAt(let path):
      try checkContentAccess(of: caller)
      let found = try await IPFSPath(path).resolve(in: volume)
      guard found.kind == .file else {
        throw FileSystemError(found.kind == .directory ? .isDirectory : .invalidArgument)
      }
      return try await content(of: found.root)
    case .local:
      let root = try await cid(of: node)
      let lease = volume.beginLease()
      defer { lease.end() }
      do throws(FileSystemError) {
        try await volume.retainDAG(root)
        return Array("true".utf8)
      } catch {
        guard error.code == .notFound || error.code == .corrupt else { throw error }
        return Array("false".utf8)
      }
    case .link: throw FileSystemError(.noAttribute)
    }
  }

  func set(
    _ attribute: IPFSAttribute, to value: [UInt8], of node: NodeID, _ caller: Caller?
  ) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    let record = try await volume.record(of: inode)
    try check(caller, mayChange: record)
    // As `echo` and command substitution leave it.
    let text = value.prefix { $0 != 0 }.reversed().drop { $0 == 0x0A || $0 == 0x0D }.reversed()
    switch attribute {
    case .pin:
      guard let mode = PinMode(rawValue: String(decoding: text, as: UTF8.self)), mode != .indirect else {
        throw FileSystemError(.invalidArgument, "a pin is recursive or direct")
      }
      let cid = try await cid(of: node)
      try await reporting("pin", inode) { () async throws(FileSystemError) in
        do throws(FileSystemError) {
          try await volume.pin(cid, as: mode)
        } catch {
          // What the tree has should be here.
          throw error.code == .notFound ? FileSystemError(.corrupt, error.message, cid: error.cid) : error
        }
      }
    case .add: try await add(node, try AddOptions(query: text, over: volume.profile))
    case .cat:
      try checkContentAccess(of: caller)
      try await replaceContent(of: record, by: try IPFSPath(text))
    case .link(let name):
      try checkContentAccess(of: caller)
      try await link(try IPFSPath(text), as: name, in: record, caller)
    case .cid, .path, .local, .contentAt: throw FileSystemError(.notPermitted)
    }
  }

  func remove(_ attribute: IPFSAttribute, of node: NodeID, _ caller: Caller?) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    try check(caller, mayChange: try await volume.record(of: inode))
    switch attribute {
    case .pin: try await volume.unpin(cid(of: node))
    case .add:
      guard try await volume.record(of: inode).extendedAttributes[Self.addedName] != nil else {
        throw FileSystemError(.noAttribute)
      }
      try await volume.update(inode, NodeChange(extendedAttributes: [Self.addedName: .none]))
    case .cat:
      try checkContentAccess(of: caller)
      let record = try await volume.record(of: inode)
      guard record.kind == .file else { throw FileSystemError(.isDirectory) }
      _ = try await setAttributes(of: node, AttributeChange(size: 0), isOpen: false)
      await forgetContent(of: record)
    default: throw FileSystemError(.notPermitted)
    }
  }

  // MARK: What they do

  private func content(of root: DAGRoot) async throws(FileSystemError) -> [UInt8] {
    guard root.size <= UInt64(Self.maximumAttributeValue) else { throw FileSystemError(.attributeTooLarge) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(root.size), alignment: 1)
    defer { buffer.deallocate() }
    do {
      let count = try await FileReader(root, source: volume).read(at: 0, into: buffer)
      return Array(buffer[..<count])
    } catch {
      throw IPFSPath.error(error)
    }
  }

  /// A file's DAG, built if need be.
  func committedRoot(ofFile inode: InodeNumber) async throws(FileSystemError) -> DAGRoot {
    if let file = files.acquireExisting(inode) {
      defer { files.release(inode) }
      return try await file.commit()
    }
    let root = try await volume.dagRoot(of: inode)
    guard try await volume.record(of: inode).kind == .file else { throw FileSystemError(.isDirectory) }
    return root
  }

  private func add(_ node: NodeID, _ options: AddOptions) async throws(FileSystemError) {
    let inode = InodeTable.inode(of: node)
    try await reporting("add", inode) { () async throws(FileSystemError) in
      // What was written is part of it.
      _ = try await cid(of: node)
      let lease = volume.beginLease()
      defer { lease.end() }
      let root = try await TreeAddition(fileSystem: self, profile: options.profile).add(inode)
      if options.pins { try await volume.pin(root.cid, as: .recursive) }
      try await volume.update(
        inode, NodeChange(ctime: .now, extendedAttributes: [Self.addedName: Array(root.cid.description.utf8)]))
    }
  }

  /// Gives a file the content at a path, without copying.
  private func replaceContent(of record: NodeRecord, by path: IPFSPath) async throws(FileSystemError) {
    guard record.kind == .file else {
      throw FileSystemError(record.kind == .directory ? .isDirectory : .invalidArgument)
    }
    let lease = volume.beginLease()
    defer { lease.end() }
    let source = try await path.resolve(in: volume)
    guard source.kind == .file else {
      throw FileSystemError(source.kind == .directory ? .isDirectory : .invalidArgument)
    }
    try await volume.retainDAG(source.root.cid)
    let file = try await files.acquire(record.inode)
    do throws(FileSystemError) {
      try await file.replace(by: source.root)
    } catch {
      await release(file)
      throw error
    }
    await release(file)
    await forgetContent(of: record)
    idle.noteChange()
  }

  /// The kernel has another size and other pages: the next lookup answers with another node.
  func forgetContent(of record: NodeRecord) async {
    inodes.retire(record.inode)
    guard record.parent != 0 else { return }
    await kernelCache?.forgetNow(record.name, in: inodes.node(of: record.parent))
  }

  /// Puts what a path leads to into a directory.
  private func link(
    _ path: IPFSPath, as name: EntryName, in directory: NodeRecord, _ caller: Caller?
  ) async throws(FileSystemError) {
    guard directory.kind == .directory else { throw FileSystemError(.notDirectory) }
    try check(name)
    let lease = volume.beginLease()
    defer { lease.end() }
    let source = try await path.resolve(in: volume)
    try await volume.retainDAG(source.root.cid)
    let attributes = directory.attributes
    let hasGroup = attributes.mode & 0o2000 != 0
    let owner = Caller(
      uid: caller?.uid ?? attributes.uid, gid: hasGroup ? attributes.gid : caller?.gid ?? attributes.gid)
    var graft = Graft(
      source: volume, profile: volume.profile, uid: owner.uid, gid: owner.gid, now: .now
    ) { [volume] cid in try await volume.summary(of: cid) }
    do { try await graft.add(source, as: name) } catch { throw IPFSPath.error(error) }
    _ = try await volume.graft(graft.nodes, in: directory.inode)
    // The kernel may remember that there was no such name.
    kernelCache?.forget(name, in: inodes.node(of: directory.inode))
    idle.noteChange()
  }

  // MARK: Who may

  /// The kernel has checked this for names that begin with `user.`; for the short ones, and on symbolic links, it may
  /// not have.
  private func check(_ caller: Caller?, mayChange record: NodeRecord) throws(FileSystemError) {
    guard let caller, caller.uid != 0 else { return }
    let attributes = record.attributes
    if record.kind == .symlink {
      guard caller.uid == attributes.uid else { throw FileSystemError(.notPermitted) }
      return
    }
    let shift = caller.uid == attributes.uid ? 6 : caller.isIn(group: attributes.gid) ? 3 : 0
    // Changing a directory takes leave to search it as well.
    let needed: UInt16 = record.kind == .directory ? 0o3 : 0o2
    guard attributes.mode >> UInt16(shift) & needed == needed else { throw FileSystemError(.accessDenied) }
  }

  /// Content by its CID bypasses the modes of files: it is for those who may read the repo anyway.
  func checkContentAccess(of caller: Caller?) throws(FileSystemError) {
    guard let caller, case .owner(let owner) = contentAccess, caller.uid != 0, caller.uid != owner else { return }
    throw FileSystemError(.accessDenied)
  }
}

/// Who may read and link content by its CID.
public enum ContentAccess: Sendable, Hashable {
  /// Everyone who is let in.
  case everyone
  /// The user who mounted, and root.
  case owner(UInt32)
}
