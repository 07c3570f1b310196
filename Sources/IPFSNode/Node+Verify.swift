import IPLD
public import Multiformats
public import UnixFS

extension Node {
  /// Something that is wrong with a repo.
  public enum Finding: Sendable, Hashable, CustomStringConvertible {
    /// A block's bytes are not those of its name, or could not be read. The CID is that of a raw block of the hash.
    case damagedBlock(CID)
    /// A file's or directory's DAG lacks a block, or has a damaged one.
    case missingBlock(CID, of: InodeNumber, name: EntryName)
    /// The DAG of a recursive pin lacks a block, or has a damaged one; or a direct pin's block does.
    case missingPinned(CID, pin: CID)
    /// No path leads from the root to the node: `parent` does not exist, is no directory, or is not reached itself.
    case orphan(InodeNumber, parent: InodeNumber)
    /// Two nodes of a directory have one name.
    case duplicateName(EntryName, in: InodeNumber)
    /// A directory says it has another number of directories in it than it has.
    case wrongSubdirectoryCount(InodeNumber)
    /// A node in the database cannot be read.
    case unreadableTree(String)

    /// The finding in a line.
    public var description: String {
      switch self {
      case .damagedBlock(let cid): "block \(cid) is damaged"
      case .missingBlock(let cid, let inode, let name): "node \(inode) (\(name)) lacks block \(cid)"
      case .missingPinned(let cid, let pin): "pin \(pin) lacks block \(cid)"
      case .orphan(let inode, let parent): "node \(inode), said to be in \(parent), is in no directory of the tree"
      case .duplicateName(let name, let directory): "directory \(directory) has two entries \(name)"
      case .wrongSubdirectoryCount(let inode): "directory \(inode) miscounts its subdirectories"
      case .unreadableTree(let message): message
      }
    }
  }

  /// How far a verification is.
  public struct VerificationProgress: Sendable, Hashable {
    /// Blocks whose hash was checked.
    public var blocks = 0
    /// Nodes of the tree that were checked.
    public var nodes = 0
  }

  /// Checks all there is: every block against its hash, and the tree: that each node is in a directory, names are
  /// unique, and the DAGs of files and directories are there whole.
  ///
  /// The tree is checked as of a checkpoint that is made first. What changes meanwhile may look wrong: what is found
  /// then should be looked for once more.
  ///
  /// - Parameter progress: Called now and then.
  /// - Returns: What is wrong; nothing if all is well.
  /// - Throws: ``NodeError`` if the repo cannot be read at all.
  public func verify(progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }) async throws -> [Finding]
  {
    try await offload { () throws(any Error) in
      try self.tree.checkpointNow()
      var verification = Verification(blockstore: self.blockstore, database: self.database)
      try verification.checkBlocks(progress)
      try verification.checkTree(progress)
      try verification.checkPins()
      if try verification.removeTornBlocks() {
        try self.repo.syncFileSystem()
        try self.database.clearSuspectTime()
        self.blockstore.clearSuspectTime()
      }
      return verification.findings
    }
  }
}

/// A verification under way.
private struct Verification {
  private(set) var findings: [Node.Finding] = []
  private var progress = Node.VerificationProgress()
  private let blockstore: Blockstore
  private let database: NodeDatabase
  /// Multihashes of blocks that are here and sound.
  private var sound: Set<[UInt8]> = []
  /// Blocks that a loss of power may have left so.
  private var torn: [CID] = []
  /// Inner nodes that were followed already.
  private var followed: Set<CID> = []
  /// Blocks that a file lacks; the directories above it lack them too, which says nothing new.
  private var missing: Set<CID> = []

  init(blockstore: Blockstore, database: NodeDatabase) {
    self.blockstore = blockstore
    self.database = database
  }

  mutating func checkBlocks(_ report: (Node.VerificationProgress) -> Void) throws {
    do {
      try blockstore.forEachBlock { cid in
        do throws(BlockError) {
          _ = try blockstore.block(cid)
          sound.insert(Array(cid.multihashBytes))
        } catch {
          // One that has gone since it was listed was garbage; if it was not, what needs it lacks it below.
          if error.code == .notFound { return }
          if blockstore.isSuspect(cid) { torn.append(cid) } else { findings.append(.damagedBlock(cid)) }
        }
        progress.blocks += 1
        if progress.blocks % 1000 == 0 { report(progress) }
      }
    } catch {
      throw NodeError(.inputOutput, "cannot list the blocks", cause: error)
    }
  }

  mutating func checkTree(_ report: (Node.VerificationProgress) -> Void) throws(NodeError) {
    findings += try database.unreachableNodes().map { .orphan($0.inode, parent: $0.parent) }
    findings += try database.duplicateNames().map { .duplicateName($0.name, in: $0.directory) }
    let subdirectories = try database.subdirectoryCounts()
    do {
      try database.forEachNode { node in
        if case .directory(let count) = node.record.content, count != subdirectories[node.record.inode, default: 0] {
          findings.append(.wrongSubdirectoryCount(node.record.inode))
        }
        let record = node.record
        for root in node.roots {
          checkDAG(root, isRepeated: record.kind == .file) { .missingBlock($0, of: record.inode, name: record.name) }
        }
        progress.nodes += 1
        if progress.nodes % 1000 == 0 { report(progress) }
      }
    } catch {
      guard error.code == .corrupt else { throw error }
      findings.append(.unreadableTree(error.description))
    }
    report(progress)
  }

  /// Takes away what a loss of power left of blocks that nobody had synced; one that a file has is a finding. Returns
  /// whether there is none of those.
  mutating func removeTornBlocks() throws(NodeError) -> Bool {
    var isWhole = true
    let needed = Set(missing.map { Array($0.multihashBytes) })
    for cid in torn {
      if needed.contains(Array(cid.multihashBytes)) {
        findings.append(.damagedBlock(cid))
        isWhole = false
      } else {
        blockstore.removeDamaged(cid)
      }
    }
    return isWhole
  }

  mutating func checkPins() throws(NodeError) {
    try database.forEachPin { pin throws(NodeError) in
      switch pin.kind {
      case .recursive: checkDAG(pin.cid, isRepeated: true) { .missingPinned($0, pin: pin.cid) }
      case .direct: if !isSound(pin.cid) { findings.append(.missingPinned(pin.cid, pin: pin.cid)) }
      }
    }
  }

  private func isSound(_ cid: CID) -> Bool {
    cid.inlineData != nil || sound.contains(Array(cid.multihashBytes))
  }

  /// Checks that a DAG is here whole.
  ///
  /// - Parameter isRepeated: Whether to tell also of what is known to be missing.
  private mutating func checkDAG(_ root: CID, isRepeated: Bool, _ finding: (CID) -> Node.Finding) {
    var pending = [root]
    while let cid = pending.popLast() {
      guard !followed.contains(cid) else { continue }
      guard isSound(cid) else {
        if missing.insert(cid).inserted || isRepeated { findings.append(finding(cid)) }
        continue
      }
      // A raw block has no links: looking it up again is as cheap as remembering it.
      guard cid.codec != .raw else { continue }
      followed.insert(cid)
      pending += (try? blockstore.links(of: cid)) ?? []
    }
  }
}
