import Foundation
import Glibc
import IPFSFileSystem
import IPFSMount
import IPFSNode
import Logging
import MountTestSupport
import UnixFS

/// A repo as a loss of power left it, opened without a kernel.
struct RecoveredRepo {
  private let node: Node
  private let fileSystem: FileSystem

  /// Opens it as a mount does.
  init(path: String) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    node = try Node.open(path: path, options: Node.Options(logger: logger))
    do {
      fileSystem = try await FileSystem(volume: NodeVolume(node), logger: logger, idleDelay: .seconds(3600))
    } catch {
      try? await node.close()
      throw error
    }
  }

  /// What is wrong with the repo by itself.
  func findings() async throws -> [String] {
    try await node.verify().map(\.description)
  }

  /// Removes what nothing needs.
  func collect() throws {
    try node.collector.collectNow()
  }

  /// What is pinned, by CID, with what recursive pins keep, by paths below them.
  func pins() async throws -> [String: Recording.Pin] {
    var pins: [String: Recording.Pin] = [:]
    let all = try await fileSystem.lookup(".ipfs", in: NodeRecord.root)
    for pin in try node.pins.list() {
      let cid = "\(pin.cid)"
      let isRecursive = pin.kind == .recursive
      let content = isRecursive ? try await content(of: fileSystem.lookup(EntryName(cid), in: all.node), "") : [:]
      pins[cid] = Recording.Pin(isRecursive: isRecursive, content: content)
    }
    return pins
  }

  private func content(of status: NodeStatus, _ path: String) async throws -> [String: TreeNode] {
    switch status.kind {
    case .file: return [path: TreeNode(kind: .file, content: try await content(of: status.inode, path))]
    case .symlink: return [path: TreeNode(kind: .link, content: try await fileSystem.readLink(status.node))]
    case .directory:
      var result: [String: TreeNode] = path.isEmpty ? [:] : [path: TreeNode(kind: .directory)]
      let handle = try await fileSystem.openDirectory(status.node)
      var names: [EntryName] = []
      try await fileSystem.list(handle, from: 2) { entry in
        names.append(entry.name)
        return true
      }
      fileSystem.closeDirectory(handle)
      for name in names {
        let child = try await fileSystem.lookup(name, in: status.node)
        result.merge(try await content(of: child, path.isEmpty ? "\(name)" : "\(path)/\(name)")) { $1 }
      }
      return result
    }
  }

  /// Builds what is left to be built, and closes it.
  func close() async throws {
    do {
      try await fileSystem.shutDown()
    } catch {
      try? await node.close()
      throw error
    }
    try await node.close()
  }

  /// The tree by paths below a directory of the root; below the root itself where `name` is empty.
  func tree(below name: String) async throws -> [String: TreeNode] {
    var result: [String: TreeNode] = [:]
    let top = name.isEmpty ? NodeRecord.root : try node.tree.lookup(EntryName(name), in: NodeRecord.root)?.inode
    guard let top else { return result }
    var pending: [(inode: InodeNumber, prefix: String)] = [(top, "")]
    while let directory = pending.popLast() {
      let children = try node.tree.children(of: directory.inode)
      for record in try node.tree.records(children[...], in: directory.inode) {
        let path = directory.prefix + record.name.description
        var found: TreeNode
        switch record.content {
        case .directory:
          found = TreeNode(kind: .directory)
          pending.append((record.inode, path + "/"))
        case .symlink(let target): found = TreeNode(kind: .link, content: target)
        case .file:
          found = TreeNode(kind: .file, content: try await content(of: record.inode, path))
          found.attribute = record.extendedAttributes["user.test"]
        }
        let status = try await fileSystem.status(of: record.inode)
        found.mode = mode_t(status.attributes.mode)
        found.time = Int(status.attributes.mtime.seconds) * 1_000_000_000 + Int(status.attributes.mtime.nanoseconds)
        result[path] = found
      }
    }
    return result
  }

  /// A file that is there and cannot be read.
  struct Unreadable: Error, CustomStringConvertible {
    let path: String
    let cause: any Error

    var description: String { "\(path) cannot be read: \(cause)" }
  }

  private func content(of inode: InodeNumber, _ path: String) async throws -> [UInt8] {
    do {
      try await fileSystem.open(inode, isWritable: false)
      let size = Int(try await fileSystem.status(of: inode).size)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, size), alignment: 4096)
      defer { buffer.deallocate() }
      var done = 0
      while done < size {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<min(size, done + 1 << 20)])
        let count = try await fileSystem.read(inode, at: UInt64(done), into: rest)
        if count == 0 { break }
        done += count
      }
      await fileSystem.close(inode, isWritable: false)
      return Array(buffer[..<done])
    } catch {
      throw Unreadable(path: path, cause: error)
    }
  }

  /// Writes files into the root.
  func write(_ files: [(name: String, content: [UInt8])]) async throws {
    let caller = Caller(uid: 0, gid: 0)
    for file in files {
      let made = try await fileSystem.makeFile(EntryName(file.name), in: NodeRecord.root, mode: 0o600, caller: caller)
      try await fileSystem.open(made.node, isWritable: true)
      try await fileSystem.write(
        made.node, at: 0, OwnedPayload(file.content), isFromCache: false, clearsPrivileges: false)
      try await fileSystem.synchronize(made.node)
      await fileSystem.close(made.node, isWritable: true)
    }
  }
}
