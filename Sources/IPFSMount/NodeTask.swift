import Foundation
import Glibc
import IPFSFileSystem
public import IPFSNode
import Multiformats
import Synchronization
import UnixFS

/// What `swipfs repo` and `swipfs pin` have a node do: in the process that serves a mount, or in their own.
public enum NodeTask: Codable, Sendable, Hashable {
  /// Remove what nothing refers to.
  case collect
  /// Check every block, the tree and the pins.
  case verify
  /// Tell what the store holds.
  case stat
  /// Pin a CID or a path below one.
  case addPin(path: String, isDirect: Bool, name: String?)
  /// Take a pin away.
  case removePin(path: String)
  /// Tell all pins of a kind: `recursive`, `direct`, `indirect` or `all`.
  case listPins(kind: String)
}

/// What a node answers to a ``NodeTask``: any number of these, the last one `done` or `failed`.
public enum NodeReply: Codable, Sendable, Hashable {
  /// How far it is, in words.
  case progress(String)
  /// A line for people.
  case line(String)
  /// An object of JSON for programs.
  case result(String)
  /// It is done.
  case done
  /// It could not be done: an ``ExitCode``, and a line for people.
  case failed(Int32, String)
}

extension NodeTask {
  private struct Collection: Encodable {
    var blocksRemoved: Int
    var bytesFreed: UInt64
    var blocksKept: Int
    var bytesKept: UInt64
  }

  private struct Verification: Encodable {
    var blocks: Int
    var nodes: Int
    var findings: [String]
  }

  private struct ListedPin: Encodable {
    var cid: String
    var type: String
    var name: String?
  }

  /// Does it, and reports; ends with `done` or `failed`.
  ///
  /// - Parameter isMounted: Whether others change the tree meanwhile.
  public func run(on node: Node, isMounted: Bool, _ report: @escaping @Sendable (NodeReply) -> Void) async {
    do {
      switch self {
      case .collect: try await Self.collect(node, report)
      case .verify: try await Self.verify(node, isMounted: isMounted, report)
      case .stat: try await Self.stat(node, report)
      case .addPin(let path, let isDirect, let name):
        let cid = try await Self.resolve(path, node)
        try await node.pins.add(cid, kind: isDirect ? .direct : .recursive, name: name) { blocks, _ in
          report(.progress("\(blocks) blocks seen"))
        }
        try Self.tell(ListedPin(cid: cid.description, type: isDirect ? "direct" : "recursive", name: name), report)
        report(.line("pinned \(cid) \(isDirect ? "directly" : "recursively")"))
      case .removePin(let path):
        let cid = try await Self.resolve(path, node)
        try await node.pins.remove(cid)
        report(.line("unpinned \(cid)"))
      case .listPins(let kind): try await Self.list(node, kind, report)
      }
      report(.done)
    } catch let error as CommandError {
      report(.failed(error.exitCode.rawValue, error.description))
    } catch let error as NodeError {
      report(.failed(Self.exitCode(of: error).rawValue, error.description))
    } catch {
      report(.failed(ExitCode.data.rawValue, "\(error)"))
    }
  }

  private static func exitCode(of error: NodeError) -> ExitCode {
    switch error.code {
    case .missingBlock, .notPinned, .pinnedRecursively, .pinnedIndirectly, .corrupt: .data
    default: .repo
    }
  }

  private static func tell(_ value: some Encodable, _ report: (NodeReply) -> Void) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    report(.result(String(decoding: try encoder.encode(value), as: UTF8.self)))
  }

  private static func collect(_ node: Node, _ report: @escaping @Sendable (NodeReply) -> Void) async throws {
    let result = try await node.collector.collect { progress in
      report(.progress("\(progress.marked) blocks in use, \(progress.swept) looked at, \(progress.removed) removed"))
    }
    try tell(
      Collection(
        blocksRemoved: result.removed, bytesFreed: result.bytesFreed, blocksKept: result.kept,
        bytesKept: result.bytesKept), report)
    report(.line("\(result.removed) blocks removed (\(result.bytesFreed) bytes), \(result.kept) kept"))
  }

  /// How often findings of a tree that changes have to be there to be believed.
  private static let verifications = 3

  private static func verify(
    _ node: Node, isMounted: Bool, _ report: @escaping @Sendable (NodeReply) -> Void
  ) async throws {
    let last = Mutex<Node.VerificationProgress?>(nil)
    var findings: [Node.Finding] = []
    for round in 0..<(isMounted ? verifications : 1) {
      let found = try await node.verify { progress in
        last.withLock { $0 = progress }
        report(.progress("\(progress.blocks) blocks, \(progress.nodes) nodes checked"))
      }
      // What changes while it is looked at may look wrong; what is wrong stays so.
      findings = round == 0 ? found : findings.filter { Set(found).contains($0) }
      if findings.isEmpty { break }
    }
    let checked = last.withLock { $0 }
    let (blocks, nodes) = (checked?.blocks ?? 0, checked?.nodes ?? 0)
    try tell(
      Verification(blocks: blocks, nodes: nodes, findings: findings.map(\.description)), report)
    for finding in findings { report(.line(finding.description)) }
    guard findings.isEmpty else {
      throw CommandError(.data, "\(findings.count) findings in \(node.repo.path)")
    }
    report(.line("\(blocks) blocks and \(nodes) nodes checked: all is well"))
  }

  private static func stat(_ node: Node, _ report: (NodeReply) -> Void) async throws {
    let statistics = try await node.storage()
    try tell(statistics, report)
    report(
      .line(
        """
        repo      \(node.repo.path)
        stored    \(statistics.blocks) blocks, \(statistics.bytes) bytes
        garbage   \(statistics.estimatedGarbage) bytes, estimated
        pins      \(statistics.pins)
        free      \(statistics.freeBytes) bytes
        """))
  }

  private static func list(_ node: Node, _ kind: String, _ report: (NodeReply) -> Void) async throws {
    func show(_ pin: ListedPin) throws {
      try tell(pin, report)
      report(.line([pin.cid, pin.type, pin.name].compactMap(\.self).joined(separator: " ")))
    }
    guard ["all", "direct", "recursive", "indirect"].contains(kind) else {
      throw CommandError(.usage, "unknown kind of pin \(kind): it is direct, indirect, recursive or all")
    }
    for pin in try node.pins.list() {
      let name = pin.kind == .direct ? "direct" : "recursive"
      if kind == name || kind == "all" { try show(ListedPin(cid: pin.cid.description, type: name, name: pin.name)) }
    }
    guard kind == "indirect" || kind == "all" else { return }
    for cid in try await node.pins.indirect() { try show(ListedPin(cid: cid.description, type: "indirect")) }
  }

  private static func resolve(_ text: String, _ node: Node) async throws -> CID {
    do throws(FileSystemError) {
      let path = try IPFSPath(text.utf8)
      // A bare CID may be of any format.
      return path.names.isEmpty ? path.root : try await path.resolve(in: NodeVolume(node)).root.cid
    } catch {
      throw CommandError(.data, "\(text): \(error.message.isEmpty ? "\(error.code)" : error.message)")
    }
  }
}
