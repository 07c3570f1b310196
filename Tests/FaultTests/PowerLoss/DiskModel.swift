import Foundation
import Glibc
import MountTestSupport

/// A folder on a disk that keeps what it has to and not more: a file's bytes and size last once the file was synced, a
/// name lasts once its folder was, or either once everything was.
struct DiskModel {
  /// The log tells of a file that is not there: something was not recorded.
  struct Unrecorded: Error, CustomStringConvertible {
    let description: String
  }

  /// What of that which was not synced is there after a loss of power.
  enum Survivors {
    case nothing
    case everything
    /// Of each file and folder the first few changes.
    case prefixes(Generator)
    /// Any 4 KiB of any write, any change of a size, any name; in the order in which they were made.
    case pages(Generator)
  }

  private enum Change {
    case write(offset: Int, Range<Int>)
    case truncate(Int)
    case grow(Int)
    /// The name is this now, or nothing.
    case name(String, Node?)
  }

  /// A file or folder.
  private final class Node {
    let isFolder: Bool
    /// A folder's entries as the process sees them.
    var entries: [String: Node] = [:]
    /// What is on the disk for sure.
    var durableEntries: [String: Node] = [:]
    var durableBytes: [UInt8] = []
    /// What came after that, of which `settled` were before.
    var pending: [Change] = []
    var settled = 0
    var isUnsyncable = false

    init(isFolder: Bool) {
      self.isFolder = isFolder
    }

    /// The number of the next change.
    var next: Int { settled + pending.count }
  }

  private let log: EventLog
  /// Files whose path begins so are not synced when they are asked to be.
  private let unsyncable: String?
  private let root = Node(isFolder: true)
  private var all: [Node] = []
  private var open: [Int32: Node] = [:]
  /// Syncs that have begun, and how much of which files they promise.
  private var syncs: [Int64: [(node: Node, changes: Int)]] = [:]
  /// How many of the log's events have happened.
  private(set) var position = 0

  /// An empty folder, before the log's first event.
  init(_ log: EventLog, unsyncable: String? = nil) {
    self.log = log
    self.unsyncable = unsyncable
    all = [root]
  }

  /// What is in a folder, all of it on the disk, before the log's first event.
  init(_ log: EventLog, holding folder: String) throws {
    self.init(log)
    try fill(root, from: folder)
  }

  private mutating func fill(_ node: Node, from path: String) throws {
    for bytes in try names(in: path) {
      let name = String(decoding: bytes, as: UTF8.self)
      let full = "\(path)/\(name)"
      let child = Node(isFolder: try status(full).st_mode & S_IFMT == S_IFDIR)
      if child.isFolder { try fill(child, from: full) } else { child.durableBytes = try read(full) }
      node.entries[name] = child
      node.durableEntries[name] = child
      all.append(child)
    }
  }

  /// Lets time go on to the moment after so many events.
  mutating func advance(to count: Int) throws {
    while position < count {
      try apply(log.events[position])
      position += 1
    }
  }

  // MARK: Events

  private mutating func apply(_ event: EventLog.Event) throws {
    switch event {
    case .open(let file, let path, let isNew):
      let node = isNew ? try make(path, isFolder: false) : try find(path)
      if let unsyncable, path.hasPrefix(unsyncable) { node.isUnsyncable = true }
      open[file] = node
    case .close(let file): open[file] = nil
    case .duplicate(let file, let copy): open[copy] = open[file]
    case .write(let file, let offset, let range): open[file]?.pending.append(.write(offset: offset, range))
    case .truncate(let file, let size): open[file]?.pending.append(.truncate(size))
    case .grow(let file, let size): open[file]?.pending.append(.grow(size))
    case .rename(let path, let target):
      let node = try find(path)
      try set(target, node)
      try set(path, nil)
    case .unlink(let path): try set(path, nil)
    case .makeFolder(let path): if !path.isEmpty { _ = try make(path, isFolder: true) }
    case .syncBegin(let file, let number): if let node = open[file] { syncs[number] = [(node, node.next)] }
    case .syncAllBegin(let number): syncs[number] = all.map { ($0, $0.next) }
    case .syncEnd(let number):
      for (node, changes) in syncs.removeValue(forKey: number) ?? [] { settle(node, changes) }
    }
  }

  private func find(_ path: String) throws -> Node {
    var node = root
    for name in path.split(separator: "/") {
      guard let next = node.entries[String(name)] else { throw Unrecorded(description: "\(path) is not there") }
      node = next
    }
    return node
  }

  private mutating func make(_ path: String, isFolder: Bool) throws -> Node {
    let node = Node(isFolder: isFolder)
    all.append(node)
    try set(path, node)
    return node
  }

  private func set(_ path: String, _ node: Node?) throws {
    let end = path.lastIndex(of: "/")
    let folder = try find(end.map { String(path[..<$0]) } ?? "")
    let name = String(end.map { path[path.index(after: $0)...] } ?? path[...])
    guard node != nil || folder.entries[name] != nil else { throw Unrecorded(description: "\(path) is not there") }
    folder.entries[name] = node
    folder.pending.append(.name(name, node))
  }

  private func settle(_ node: Node, _ changes: Int) {
    guard changes > node.settled, !node.isUnsyncable else { return }
    let count = changes - node.settled
    for change in node.pending[..<count] { carryOut(change, &node.durableBytes, &node.durableEntries) }
    node.pending.removeFirst(count)
    node.settled = changes
  }

  private func carryOut(_ change: Change, _ bytes: inout [UInt8], _ entries: inout [String: Node]) {
    switch change {
    case .write(let offset, let range):
      let end = offset + range.count
      if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
      bytes.withUnsafeMutableBytes { target in
        log.data.withUnsafeBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: target[offset..<end])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[range]))
        }
      }
    case .truncate(let size):
      if size < bytes.count { bytes.removeLast(bytes.count - size) }
      if size > bytes.count { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
    case .grow(let size):
      if size > bytes.count { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
    case .name(let name, let node): entries[name] = node
    }
  }

  // MARK: Loss of power

  /// Makes a folder of what is there after a loss of power at this moment. Files of no use are left out: the space
  /// reserve, and the index of SQLite's log, which is made anew.
  func write(to path: String, _ survivors: Survivors) throws {
    var survivors = survivors
    try write(root, to: path, &survivors)
  }

  private func write(_ node: Node, to path: String, _ survivors: inout Survivors) throws {
    var bytes = node.durableBytes
    var entries = node.durableEntries
    for change in Self.choose(node.pending, &survivors) { carryOut(change, &bytes, &entries) }
    guard node.isFolder else { return try MountTestSupport.write(bytes, to: path) }
    try check(mkdir(path, 0o700))
    // In an order that does not change, for the sake of the random numbers.
    for (name, child) in entries.sorted(by: { $0.key < $1.key }) where name != "reserve" && !name.hasSuffix("-shm") {
      try write(child, to: "\(path)/\(name)", &survivors)
    }
  }

  private static let pageSize = 4096

  private static func choose(_ changes: [Change], _ survivors: inout Survivors) -> [Change] {
    switch survivors {
    case .nothing: return []
    case .everything: return changes
    case .prefixes(var generator):
      defer { survivors = .prefixes(generator) }
      return Array(changes.prefix(generator.number(below: changes.count + 1)))
    case .pages(var generator):
      defer { survivors = .pages(generator) }
      // Sometimes nearly all, sometimes hardly any.
      let percentage = generator.number(below: 101)
      return changes.flatMap { change in
        pages(of: change).filter { _ in generator.number(below: 100) < percentage }
      }
    }
  }

  /// A write in the pieces in which it may reach the disk.
  private static func pages(of change: Change) -> [Change] {
    guard case .write(let offset, let range) = change else { return [change] }
    var pieces: [Change] = []
    var start = offset
    while start < offset + range.count {
      let end = min(offset + range.count, (start / pageSize + 1) * pageSize)
      let first = range.lowerBound + start - offset
      pieces.append(.write(offset: start, first..<first + end - start))
      start = end
    }
    return pieces
  }
}
