import IPLD
public import Multiformats
public import UnixFS

/// What a root says of the file, directory or link that it is.
public struct RootStatus: Sendable, Hashable {
  /// The root.
  public let cid: CID
  /// A file's bytes, a link's target's length, 0 for a directory.
  public let size: UInt64
  /// The bytes of all its blocks, as its links have it.
  public let cumulativeSize: UInt64
  /// How many links the root has.
  public let links: Int
  /// What it is.
  public let kind: NodeKind
  /// Permission bits that are stored in it.
  public let mode: UInt16?
  /// The time of modification that is stored in it.
  public let mtime: Timestamp?
}

/// A file that is being read: what it was when it was opened, whatever becomes of its path.
public struct OpenedFile: Sendable {
  /// Reads it.
  public let reader: FileReader
  private let use: RootUse

  fileprivate init(reader: FileReader, use: RootUse) {
    self.reader = reader
    self.use = use
  }

  /// Says that it is not read any more. To be called once.
  public func close() { use.end() }
}

/// An entry of a directory of the tree.
public struct ListedFile: Sendable {
  /// Its name.
  public let name: EntryName
  /// What it is.
  public let kind: NodeKind
  /// A file's bytes, a link's target's length, 0 for a directory.
  public let size: UInt64
  /// Its root.
  public let cid: CID
}

/// What a path leads to, to be listed.
public enum FilesListing: Sendable {
  /// A file or link, by its own name.
  case file(ListedFile)
  /// A directory with its names in order.
  case directory(InodeNumber, names: [EntryName])
}

extension FilesService {
  /// The DAG at a path.
  ///
  /// - Throws: ``FilesError``, ``NodeError``.
  public func root(of path: TreePath) async throws -> DAGRoot {
    try await retrying(path) { try await root(of: try lookup(path)) }
  }

  /// Does something with the DAG at a path, which is kept meanwhile; again if a collection took some of it just before
  /// that because the path had changed.
  ///
  /// - Throws: ``FilesError``, ``NodeError``, what `body` throws.
  public func withRoot<Result>(
    of path: TreePath, _ body: (DAGRoot) async throws -> Result
  ) async throws -> Result {
    for _ in 0..<Self.attempts {
      let root = try await root(of: path)
      let use = await collector.beginUse(of: root.cid)
      defer { use.end() }
      do {
        return try await body(root)
      } catch  where Self.isMissing(error) {
        guard try await self.root(of: path) != root else { throw error }
      }
    }
    throw Self.busy(path)
  }

  /// Whether an error tells of a block that is not here.
  private static func isMissing(_ error: any Error) -> Bool {
    let cause = (error as? UnixFSError)?.cause ?? (error as? NodeError)?.cause ?? error
    return (cause as? BlockError)?.code == .notFound
  }

  /// What is at a path.
  ///
  /// - Throws: ``FilesError``, ``NodeError``.
  public func kind(of path: TreePath) throws -> NodeKind {
    try lookup(path).kind
  }

  /// What a root says of itself.
  ///
  /// - Throws: `BlockError` where it is not here, ``UnixFSError`` for what is no UnixFS.
  public func status(of cid: CID) async throws -> RootStatus {
    if cid.codec == .raw {
      let size = UInt64(try blockstore.size(cid))
      return RootStatus(cid: cid, size: size, cumulativeSize: size, links: 0, kind: .file, mode: nil, mtime: nil)
    }
    let block = try blockstore.block(cid)
    let summary = try NodeSummary(block)
    return RootStatus(
      cid: cid, size: summary.kind == .symlink ? UInt64(summary.target.count) : summary.root.size,
      cumulativeSize: summary.root.tsize, links: try block.links().count, kind: summary.kind, mode: summary.mode,
      mtime: summary.mtime)
  }

  /// How much of a DAG is here: whether all of it is, and the bytes of those blocks that are, shared ones counted each
  /// time.
  ///
  /// - Throws: `BlockError` where the root is not here.
  public func locality(of root: CID) async throws -> (isComplete: Bool, bytes: UInt64) {
    let use = await collector.beginUse(of: root)
    defer { use.end() }
    return try await offload { () throws(any Error) in
      var walk = LocalityWalk(blockstore: self.blockstore)
      return try walk.run(root)
    }
  }

  /// Opens the file at a path.
  ///
  /// - Throws: ``FilesError``; what opening its DAG throws.
  public func open(_ path: TreePath) async throws -> OpenedFile {
    try await retrying(path) {
      let record = try lookup(path)
      switch record.kind {
      case .directory: throw FilesError.notFile(path)
      case .symlink: throw FilesError.symlink
      case .file: break
      }
      let root = try await root(of: record)
      let use = await collector.beginUse(of: root.cid)
      do {
        // If it is still there, no collection that is under way misses it.
        guard try lookup(path).inode == record.inode, try await tree.dagRoot(of: record.inode) == root else {
          use.end()
          return nil
        }
        return OpenedFile(reader: try await FileReader(root: root.cid, source: blockstore), use: use)
      } catch {
        use.end()
        throw error
      }
    }
  }

  /// What is at a path, to be listed.
  ///
  /// - Throws: ``FilesError``, ``NodeError``.
  public func listing(of path: TreePath) async throws -> FilesListing {
    try await retrying(path) {
      let record = try lookup(path)
      try await settle(record)
      guard record.kind == .directory else { return .file(try await listed(record)) }
      // What is below gets its DAG at once.
      _ = try await tree.dagRoot(of: record.inode)
      return .directory(record.inode, names: try tree.names(in: record.inode).sorted())
    }
  }

  /// Some entries of a directory, with their roots. Those that went meanwhile are left out.
  ///
  /// - Throws: ``NodeError``.
  public func entries(_ names: ArraySlice<EntryName>, in directory: InodeNumber) async throws -> [ListedFile] {
    var entries: [ListedFile] = []
    for name in names {
      do {
        guard let record = try tree.lookup(name, in: directory) else { continue }
        entries.append(try await listed(record))
      } catch let error as NodeError where error.code == .notFound {
        continue
      }
    }
    return entries
  }

  private func listed(_ record: NodeRecord) async throws -> ListedFile {
    let root = try await tree.dagRoot(of: record.inode)
    return ListedFile(
      name: record.name, kind: record.kind, size: record.kind == .symlink ? record.size : root.size, cid: root.cid)
  }
}

/// Sums up what is here of a DAG. Each block is looked at once, however often it is linked.
private struct LocalityWalk {
  private let blockstore: Blockstore
  /// What is known of inner nodes.
  private var known: [CID: (isComplete: Bool, bytes: UInt64)] = [:]

  init(blockstore: Blockstore) {
    self.blockstore = blockstore
  }

  /// A node whose links are being followed.
  private struct Visit {
    var cid: CID
    var links: [CID]
    var next = 0
    var isComplete = true
    var bytes: UInt64

    mutating func add(_ below: (isComplete: Bool, bytes: UInt64)) {
      isComplete = isComplete && below.isComplete
      bytes = UInt64(clamping: bytes.addingReportingOverflow(below.bytes).overflow ? .max : bytes + below.bytes)
      next += 1
    }
  }

  mutating func run(_ root: CID) throws -> (isComplete: Bool, bytes: UInt64) {
    var visits = [try visit(root)]
    while var top = visits.popLast() {
      guard top.next < top.links.count else {
        known[top.cid] = (top.isComplete, top.bytes)
        guard var above = visits.popLast() else { return (top.isComplete, top.bytes) }
        above.add((top.isComplete, top.bytes))
        visits.append(above)
        continue
      }
      let link = top.links[top.next]
      if let below = known[link] {
        top.add(below)
      } else if link.codec == .raw {
        top.add((try? blockstore.size(link)).map { (true, UInt64($0)) } ?? (false, 0))
      } else if let below = try whatIsHere({ try visit(link) }) {
        visits.append(top)
        visits.append(below)
        continue
      } else {
        top.add((false, 0))
      }
      visits.append(top)
    }
    return (true, 0)
  }

  private func visit(_ cid: CID) throws -> Visit {
    Visit(cid: cid, links: try blockstore.links(of: cid), bytes: UInt64(try blockstore.size(cid)))
  }

  private func whatIsHere(_ body: () throws -> Visit) throws -> Visit? {
    do { return try body() } catch let error as BlockError where error.code == .notFound { return nil }
  }
}
