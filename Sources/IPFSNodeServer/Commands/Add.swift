import IPFSNode
import IPLD
import Multiformats
import NIOCore
import Synchronization
import UnixFS

/// `add`.
let addCommands: [Command] = [
  Command("add", [.file("path", variadic: true)], options: AddOptions.declared) { call in
    let options = try AddOptions(call)
    // Until what was added is pinned, or linked.
    let lease = call.node.blockstore.beginLease()
    defer { lease.end() }
    try await withThrowingTaskGroup(of: Addition.Imported.self) { group in
      var addition = Addition(call, options)
      var failure: (any Error)?
      do {
        try await addition.addAll(&group)
      } catch {
        group.cancelAll()
        failure = error
      }
      // What the caller was told of is pinned, as if it had been asked for alone.
      do {
        try await addition.pin()
      } catch {
        failure = failure ?? error
      }
      if let failure { throw failure }
    }
  }
]

/// One `add`: parts come in, blocks and events go out.
///
/// ```
///   part ─▶ small file ─▶ task: hash, store ─┐
///           large file ─▶ ConcurrentImporter ┼─▶ in order: entry of a directory, event
///           directory, link ─────────────────┘
///   last part of a root ─▶ directories are built, events for them ─▶ link in the file tree
///   end ─▶ roots are pinned
/// ```
///
/// In memory are the entries of the root that is being added, and a bounded amount of its files' bytes.
struct Addition {
  /// A small file that a task has stored.
  struct Imported: Sendable {
    var number: Int
    var root: DAGRoot
  }

  /// Where a file goes.
  private struct Place {
    /// The directory that it is an entry of; nil for a root.
    var directory: AddedDirectory?
    /// Its name there.
    var name: EntryName
    /// What events call it.
    var path: String
    /// Its part.
    var file: RequestFile
    /// Its bytes.
    var size: UInt64 = 0
  }

  /// A directory that is being added.
  private struct Root {
    /// The names that lead to it; every part behind them is in it.
    var prefix: [EntryName]
    var directory: AddedDirectory
    /// Its part; nil where it has none.
    var file: RequestFile?
  }

  private let call: Call
  private let options: AddOptions
  private let store: any BlockStore
  private var root: Root?
  /// A file that was a root by itself: parts below it are passed over.
  private var fileRoot: EntryName?
  private var rootCount = 0
  /// Small files that are being stored, in order, from number ``firstPending`` on.
  private var pending: [Place] = []
  private var firstPending = 0
  private var early: [Int: DAGRoot] = [:]
  private var unpinned: [CID] = []
  private var lastFlush = ContinuousClock.now

  /// Files up to this size are stored by a task of their own.
  private static let smallFile = 128 << 10
  /// How many of them at a time.
  private static let window = 16
  /// How often events step out for progress.
  private static let progressStep: UInt64 = 256 << 10
  /// Names in a path.
  private static let maximumDepth = 1024
  /// Bytes of a link's target.
  private static let longestTarget = 1 << 20

  init(_ call: Call, _ options: AddOptions) {
    self.call = call
    self.options = options
    if options.onlyHashes {
      store = NoStore()
    } else if options.isIdentity {
      store = IdentityStore()
    } else if options.pins {
      store = PromptStore(blockstore: call.node.blockstore)
    } else {
      store = call.node.blockstore
    }
    if options.wraps { root = Root(prefix: [], directory: AddedDirectory(metadata: options.metadata(of: nil))) }
  }

  /// Adds all parts.
  mutating func addAll(_ group: inout ThrowingTaskGroup<Imported, any Error>) async throws {
    while let file = try await call.files.next() {
      try Task.checkCancellation()
      try await add(file, &group)
    }
    try await finishRoot(&group)
    guard rootCount > 0 else { throw RPCError("expected a file argument") }
  }

  private mutating func add(
    _ file: RequestFile, _ group: inout ThrowingTaskGroup<Imported, any Error>
  ) async throws {
    let names = file.names
    guard names.count <= Self.maximumDepth else { throw RPCError("a path of more than \(Self.maximumDepth) names") }
    if root.map({ names.count > $0.prefix.count && names.starts(with: $0.prefix) || options.wraps }) == true {
      return try await add(file, names, &group)
    }
    if names.count > 1, names.first == fileRoot { return }
    try await finishRoot(&group)
    fileRoot = nil
    if file.kind == .directory, names.count <= 1 {
      root = Root(prefix: names, directory: AddedDirectory(metadata: options.metadata(of: file)), file: file)
    } else if names.count > 1 {
      root = Root(prefix: [names[0]], directory: AddedDirectory(metadata: options.metadata(of: nil)))
      try await add(file, names, &group)
    } else {
      fileRoot = names.first
      let name = names.first ?? EntryName(bytes: [])
      try await read(Place(name: name, path: "\(name)", file: file), &group)
      if options.filesPath != nil { try await settle(&group) }
    }
  }

  /// Adds what is in the directory that is being added.
  private mutating func add(
    _ file: RequestFile, _ names: [EntryName], _ group: inout ThrowingTaskGroup<Imported, any Error>
  ) async throws {
    guard let root else { return }
    let below = names.dropFirst(root.prefix.count)
    let parent = try root.directory.directory(below.dropLast(), metadata: options.metadata(of: nil))
    guard file.kind == .directory else {
      let path = names.map(\.description).joined(separator: "/")
      let place = Place(directory: parent, name: below.last ?? EntryName(bytes: []), path: path, file: file)
      return try await read(place, &group)
    }
    if let name = below.last { try parent.insertDirectory(name, metadata: options.metadata(of: file)) }
  }

  // MARK: Files

  private mutating func read(
    _ place: Place, _ group: inout ThrowingTaskGroup<Imported, any Error>
  ) async throws {
    if place.directory == nil { rootCount += 1 }
    let metadata = options.metadata(of: place.file)
    if place.file.kind == .symlink {
      let target = try await call.files.readAll(limit: Self.longestTarget)
      try await settle(&group)
      let root = try await Symlink.store(target, mtime: metadata?.mtime, profile: options.profile, to: store)
      return try await finish(place, root)
    }
    var start: [ByteBuffer] = []
    var count = 0
    while count <= Self.smallFile, let bytes = try await call.files.read() {
      start.append(bytes)
      count += bytes.readableBytes
    }
    if count <= Self.smallFile {
      var place = place
      place.size = UInt64(count)
      if pending.count == Self.window { try await settleOne(&group) }
      let content = FileBytes(start, count: count)
      let (number, profile, store) = (firstPending + pending.count, options.profile, store)
      pending.append(place)
      group.addTask {
        let root = try await Importer.build(
          UnsafeRawBufferPointer(content.memory), profile: profile, metadata: metadata, sink: store)
        return Imported(number: number, root: root)
      }
      return
    }
    try await settle(&group)
    let source = FileSource(start, call.files)
    let importer = ConcurrentImporter(
      profile: options.profile, metadata: metadata, sink: store, budget: call.services.importBudget)
    let showsProgress = options.showsProgress
    let root = try await importer.build { memory in
      let count = try await source.read(into: memory)
      if showsProgress {
        try await self.tellProgress(of: place, from: source.position - UInt64(count), to: source.position)
      }
      return count
    }
    if showsProgress { try await tell(place, bytes: source.position) }
    try await finish(place, root)
  }

  /// Waits for all small files.
  private mutating func settle(_ group: inout ThrowingTaskGroup<Imported, any Error>) async throws {
    while !pending.isEmpty { try await settleOne(&group) }
  }

  /// Waits for the small file that came first.
  private mutating func settleOne(_ group: inout ThrowingTaskGroup<Imported, any Error>) async throws {
    while early[firstPending] == nil {
      guard let imported = try await group.next() else { return }
      early[imported.number] = imported.root
    }
    guard let root = early.removeValue(forKey: firstPending) else { return }
    let place = pending.removeFirst()
    firstPending += 1
    if options.showsProgress {
      try await tellProgress(of: place, from: 0, to: place.size)
      try await tell(place, bytes: place.size)
    }
    try await finish(place, root)
  }

  /// Makes a stored file what it is to be.
  private mutating func finish(_ place: Place, _ added: DAGRoot) async throws {
    var place = place
    if place.name.bytes.isEmpty {
      place.name = EntryName(added.cid.kuboText)
      place.path = "\(place.name)"
    }
    try place.directory?.insert(added, as: place.name)
    if !options.isSilent {
      try await call.reply.emit(event(place.path, of: top(place), [("Hash", call.json(added.cid)), size(of: added)]))
      try await flushNowAndThen()
    }
    guard place.directory == nil else { return }
    if options.pins { unpinned.append(added.cid) }
    if options.filesPath != nil { try await link(added.cid, named: place.file.names.last) }
  }

  // MARK: Directories

  /// Ends the directory that is being added, and waits for the files before it.
  private mutating func finishRoot(_ group: inout ThrowingTaskGroup<Imported, any Error>) async throws {
    try await settle(&group)
    guard let root = self.root else { return }
    self.root = nil
    // Nothing to wrap.
    if options.wraps, !root.directory.hasParts { return }
    rootCount += 1
    let built = try await root.directory.build(
      profile: options.topProfile, below: options.profile, keepsEmpty: options.includesEmptyDirectories, store: store)
    try await tell(built, path: root.prefix.map(\.description).joined(separator: "/"), root)
    if options.pins { unpinned.append(built.root.cid) }
    if options.filesPath != nil { try await link(built.root.cid, named: root.prefix.last) }
  }

  /// Events for a directory, those in it first.
  private mutating func tell(_ built: AddedDirectory.Built, path: String, _ root: Root) async throws {
    for directory in built.directories {
      try await tell(directory, path: path.isEmpty ? "\(directory.name)" : "\(path)/\(directory.name)", root)
    }
    try await call.reply.emit(
      event(path, of: root.file, [("Hash", call.json(built.root.cid)), size(of: built.root)]))
    try await flushNowAndThen()
  }

  /// Pins the roots.
  mutating func pin() async throws {
    guard !unpinned.isEmpty else { return }
    defer { unpinned = [] }
    try await call.node.pins.add(stored: unpinned, name: options.pinName)
  }

  private func link(_ cid: CID, named name: EntryName?) async throws {
    guard let name, !name.bytes.isEmpty else { throw RPCError("to-files: cannot add unnamed files to MFS") }
    try await call.link(cid, named: name, toFiles: options.filesPath ?? "/")
  }

  // MARK: Events

  /// An event, with what the root's part says of mode and time.
  private func event(_ path: String, of file: RequestFile?, _ members: [(name: String, value: JSON)]) -> JSON {
    var members: [(name: String, value: JSON)] = [("Name", .string(path))] + members
    let mode = file?.kind == .symlink ? UnixMode.goSymlink : file?.mode ?? 0
    if mode != 0 { members.append(("Mode", .string("0" + String(mode, radix: 8)))) }
    if let time = file?.mtime {
      if time.seconds != 0 { members.append(("Mtime", .int(time.seconds))) }
      if time.nanoseconds != 0 { members.append(("MtimeNsecs", .int(Int64(time.nanoseconds)))) }
    }
    return .object(members)
  }

  /// The part of the root that a file is in.
  private func top(_ place: Place) -> RequestFile? { place.directory == nil ? place.file : root?.file }

  private func size(of root: DAGRoot) -> (name: String, value: JSON) { ("Size", .string(String(root.tsize))) }

  private func tell(_ place: Place, bytes: UInt64) async throws {
    let members: [(name: String, value: JSON)] = bytes == 0 ? [] : [("Bytes", .uint(bytes))]
    try await call.reply.emit(event(place.path, of: top(place), members))
    try await call.reply.flush()
  }

  /// An event for each step of a file that was reached.
  private func tellProgress(of place: Place, from start: UInt64, to end: UInt64) async throws {
    var step = start / Self.progressStep + 1
    while step * Self.progressStep <= end {
      try await tell(place, bytes: step * Self.progressStep)
      step += 1
    }
  }

  private mutating func flushNowAndThen() async throws {
    let now = ContinuousClock.now
    guard now - lastFlush > .milliseconds(50) else { return }
    lastFlush = now
    try await call.reply.flush()
  }
}

/// The bytes of a small file, in memory that stays where it is.
private final class FileBytes: @unchecked Sendable {
  let memory: UnsafeMutableRawBufferPointer

  init(_ buffers: [ByteBuffer], count: Int) {
    memory = .allocate(byteCount: count, alignment: 16)
    var place = 0
    for buffer in buffers {
      buffer.withUnsafeReadableBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: memory[place...]).copyMemory(from: bytes)
      }
      place += buffer.readableBytes
    }
  }

  deinit {
    memory.deallocate()
  }
}

/// The bytes of a large file, as they arrive. Used by one task.
private final class FileSource {
  private var buffers: ArraySlice<ByteBuffer>
  private let files: RequestFiles
  /// Bytes that were read.
  private(set) var position: UInt64 = 0

  init(_ start: [ByteBuffer], _ files: RequestFiles) {
    buffers = start[...]
    self.files = files
  }

  func read(into memory: UnsafeMutableRawBufferPointer) async throws -> Int {
    while buffers.first?.readableBytes == 0 { buffers.removeFirst() }
    if buffers.isEmpty {
      guard let next = try await files.read() else { return 0 }
      buffers = [next]
    }
    let first = buffers.startIndex
    let count = min(memory.count, buffers[first].readableBytes)
    buffers[first].readWithUnsafeReadableBytes { bytes in
      memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      return count
    }
    position += UInt64(count)
    return count
  }
}

/// Where blocks go that are only to be hashed.
private struct NoStore: BlockStore {
  func block(_ cid: CID) async throws -> Block { throw BlockError.notFound(cid) }
  func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {}
}

/// Where blocks go that are pinned at the end, and must be on the disk then: it writes while others are still hashed.
private final class PromptStore: BlockStore {
  /// What is added may be read soon, and comes into the page cache; what goes on so long would push all else out.
  private static let mostCached = 8 << 20

  let blockstore: Blockstore
  /// Bytes that may yet come into the page cache.
  private let cacheable = Atomic(mostCached)

  init(blockstore: Blockstore) {
    self.blockstore = blockstore
  }

  func block(_ cid: CID) async throws -> Block { try blockstore.block(cid) }

  func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
    if cacheable.load(ordering: .relaxed) > 0 {
      cacheable.subtract(data.count, ordering: .relaxed)
      try blockstore.put(cid, data)
    } else {
      try await blockstore.putPastCache(cid, data)
    }
    blockstore.beginWriting(cid, length: data.count)
  }
}

/// Where blocks go that must be their CIDs, as with hash function `identity`.
private struct IdentityStore: BlockStore {
  func block(_ cid: CID) async throws -> Block {
    guard let data = cid.inlineData else { throw BlockError.notFound(cid) }
    return Block(unchecked: cid, data: Array(data))
  }

  func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
    guard cid.inlineData == nil else { return }
    throw RPCError("digest too large: identity digest got \(data.count) bytes, maximum 128")
  }
}
