import IPFSClient
import IPFSMount
import Multiformats

/// Moves everything of a node into a daemon: pins with all that they need, the tree of files, keys.
///
/// ```
///   plan: what is here, what is there; conflicts end it before anything was changed
///   pins: blocks (children first) ──▶ dag/import ──▶ pin/add with name
///   files: blocks ──▶ dag/import ──▶ files/cp of each entry of the root
///   verify: pin/ls, and files/stat of each entry with all its blocks
/// ```
struct Migration {
  /// What came of it.
  struct Report: Sendable {
    /// Blocks that were sent; what the daemon had is not counted.
    var blocksSent: UInt64 = 0
    /// Their bytes.
    var bytesSent: UInt64 = 0
    /// Pins that are there now.
    var pins = 0
    /// Entries of the tree's root that are there now.
    var entries = 0
    /// Key pairs that the daemon has.
    var keysMoved: [String] = []
    /// Key pairs that it does not have.
    var keysLeft: [(name: String, why: KeyRefusal)] = []
    /// Pins that had another name there, which they keep.
    var renamed: [CID] = []
  }

  /// Why a key pair stays behind.
  enum KeyRefusal: Sendable, Equatable {
    /// Another one has its name there.
    case nameTaken
    /// Keys are not moved over the RPC, as with Kubo.
    case notOverRPC
    /// What the daemon, or the node that is left, says.
    case other(String)
  }

  private struct Plan {
    var pins: [Client.Pin.Entry] = []
    var entries: [(path: String, cid: CID)] = []
    /// Entries that are there already.
    var linked: Set<String> = []
  }

  private let source: Client
  private let target: MigrationTarget
  private let bar: Progress

  init(from source: Client, to target: MigrationTarget, _ bar: Progress) {
    self.source = source
    self.target = target
    self.bar = bar
  }

  /// Moves everything, and compares what is there then with what is here.
  func run() async throws -> Report {
    let plan = try await plan()
    var report = Report()
    let transfer = BlockTransfer(from: source, to: target, bar)
    defer { transfer.cancel() }
    let there = try await target.pins()
    for pin in plan.pins {
      try Task.checkCancellation()
      if let other = there[pin.cid], other.kind == .recursive || other.kind == pin.kind {
        if other.name != pin.name { report.renamed.append(pin.cid) }
        continue
      }
      try await move(pin, transfer)
    }
    for entry in plan.entries where !plan.linked.contains(entry.path) {
      try Task.checkCancellation()
      try await transfer.send(entry.cid, trusting: true)
      try await target.link(entry.cid, at: entry.path)
    }
    try await target.ask { _ = try await $0.files.flush("/") }
    try await moveKeys(&report)
    try await verify(plan, transfer)
    report.pins = plan.pins.count
    report.entries = plan.entries.count
    report.blocksSent = transfer.blocks
    report.bytesSent = transfer.bytes
    return report
  }

  /// Finds what is to be done.
  ///
  /// - Throws: `refused` if the daemon has something else at a path of this tree.
  private func plan() async throws -> Plan {
    // It also shows that the daemon answers.
    let there = try await target.ask { try await $0.version() }
    if let own = try? await source.id().id, let other = try? await target.client.id().id, own == other {
      throw CommandError(.usage, "--to names the same node (\(there.version)) as is to be moved")
    }
    var plan = Plan()
    for kind in [Client.Pin.Kind.recursive, .direct] {
      for try await pin in source.pin.ls(type: kind, names: true) { plan.pins.append(pin) }
    }
    try await source.files.flush("/")
    let entries = try await source.files.ls("/", long: true)
    let root = try await target.ask { try await $0.files.ls("/", long: true) }
    let taken = Dictionary(root.map { ($0.name, $0.cid) }) { first, _ in first }
    var conflicts: [String] = []
    for entry in entries {
      guard let cid = entry.cid else { continue }
      let path = "/\(entry.name)"
      plan.entries.append((path, cid))
      guard let other = taken[entry.name] else { continue }
      if other == cid { plan.linked.insert(path) } else { conflicts.append(path) }
    }
    guard conflicts.isEmpty else {
      let names = conflicts.prefix(5).joined(separator: ", ") + (conflicts.count > 5 ? ", …" : "")
      throw CommandError(
        .refused,
        "the daemon has other files at \(names), and nothing was moved: move them out of the way there "
          + "(`ipfs files mv`), or rename them here (`swipfs files mv`)")
    }
    bar.set(total: try await size())
    return plan
  }

  private func size() async throws -> UInt64 {
    do {
      return try await source.swipfs.stat().bytes
    } catch let error as ClientError where error.reason == .unknownCommand {
      return try await source.repo.stat().repoSize
    }
  }

  private func move(_ pin: Client.Pin.Entry, _ transfer: BlockTransfer) async throws {
    guard pin.kind == .recursive else {
      try await transfer.sendAlone(pin.cid)
      guard try await target.pin(pin) else { throw Self.incomplete("pin \(pin.cid)") }
      return
    }
    for trusting in [true, false] {
      try await transfer.send(pin.cid, trusting: trusting)
      if try await target.pin(pin) { return }
    }
    throw Self.incomplete("pin \(pin.cid)")
  }

  private func moveKeys(_ report: inout Report) async throws {
    // A node without keys has nothing to move.
    guard let keys = try? await source.key.list() else { return }
    let there = Dictionary(
      ((try? await target.client.key.list()) ?? []).map { ($0.name, $0.id) }
    ) { first, _ in first }
    for key in keys where key.name != "self" {
      if there[key.name] == key.id {
        report.keysMoved.append(key.name)
        continue
      }
      guard there[key.name] == nil else {
        report.keysLeft.append((key.name, .nameTaken))
        continue
      }
      do {
        let bytes = try await source.key.export(key.name).collect()
        _ = try await target.client.key.import(key.name, .bytes(bytes))
        report.keysMoved.append(key.name)
      } catch let error as ClientError {
        report.keysLeft.append((key.name, KeyRefusal(error)))
      }
    }
  }

  /// Compares what is there with the plan.
  private func verify(_ plan: Plan, _ transfer: BlockTransfer) async throws {
    let there = try await target.pins()
    for pin in plan.pins {
      guard let other = there[pin.cid], other.kind == .recursive || other.kind == pin.kind else {
        throw Self.incomplete("pin \(pin.cid)")
      }
    }
    for entry in plan.entries {
      try Task.checkCancellation()
      var isWhole = try await isWhole(entry)
      if !isWhole {
        // It was collected as garbage before it was linked.
        try await transfer.send(entry.cid, trusting: false)
        isWhole = try await self.isWhole(entry)
      }
      guard isWhole else { throw Self.incomplete(entry.path) }
    }
  }

  private func isWhole(_ entry: (path: String, cid: CID)) async throws -> Bool {
    guard let stat = try await target.file(at: entry.path, withLocal: true) else { return false }
    return stat.cid == entry.cid && stat.local == true
  }

  private static func incomplete(_ what: String) -> CommandError {
    CommandError(.data, "\(what) is not there whole: call this again, while nobody else changes the daemon's files")
  }
}

extension Migration.KeyRefusal {
  fileprivate init(_ error: ClientError) {
    switch error.reason {
    case .alreadyExists: self = .nameTaken
    case .unknownCommand, .removedCommand: self = .notOverRPC
    default: self = .other(error.message)
    }
  }
}
