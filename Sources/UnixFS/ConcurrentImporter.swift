public import IPLD
internal import Synchronization

/// Makes a file's DAG of bytes that it asks for, with the CID that ``Importer`` gives: several leaves are hashed and
/// stored while the bytes of the next ones arrive.
///
/// ```
///   bytes ─▶ chunk ─▶ task: hash, store ─┐
///            chunk ─▶ task: hash, store ─┼─▶ in the order of the file ─▶ inner nodes
///            chunk (arriving)            ┘
/// ```
///
/// Holds ``width`` chunks, one that waits for its turn, the one that arrives, and one unfinished node a level, however long
/// the file is.
public struct ConcurrentImporter: Sendable {
  /// Fills some of the memory that it is given, which is never empty. Returns how many bytes; 0 at the file's end.
  public typealias Source = (UnsafeMutableRawBufferPointer) async throws -> Int

  /// The most leaves that are hashed and stored at a time.
  public static let width = 8

  /// Smaller chunks are not worth a task each.
  private static let smallestSharedChunk = 32 << 10

  private let profile: ImportProfile
  private let metadata: UnixFSMetadata?
  private let sink: any BlockSink
  private let budget: Budget

  /// Memory that several importers share: who gets none imports leaf by leaf.
  public final class Budget: Sendable {
    private let free: Atomic<Int>

    /// Memory of so many bytes, beside the two chunks that each importer has in any case.
    public init(_ bytes: Int) {
      free = Atomic(bytes)
    }

    fileprivate func take(_ bytes: Int) -> Bool {
      if free.subtract(bytes, ordering: .relaxed).newValue >= 0 { return true }
      give(bytes)
      return false
    }

    fileprivate func give(_ bytes: Int) { free.add(bytes, ordering: .relaxed) }
  }

  /// An importer of one file.
  ///
  /// - Parameters:
  ///   - profile: How it is built.
  ///   - metadata: What its root says of it.
  ///   - sink: Where blocks go.
  ///   - budget: Where memory for chunks is taken from.
  public init(profile: ImportProfile, metadata: UnixFSMetadata? = nil, sink: any BlockSink, budget: Budget) {
    self.profile = profile
    self.metadata = metadata
    self.sink = sink
    self.budget = budget
  }

  /// Memory of one chunk. One task uses it at a time.
  private final class Chunk: @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer

    init(_ size: Int) {
      // As writing past the page cache needs it.
      memory = .allocate(byteCount: size, alignment: 4096)
    }

    deinit {
      memory.deallocate()
    }
  }

  /// A leaf that was stored, and its chunk's memory, which is free again.
  private struct Stored: Sendable {
    var index: Int
    var leaf: Leaf
    var chunk: Chunk
  }

  /// Imports the file.
  ///
  /// - Throws: What `source` and the sink throw.
  public func build(_ source: Source) async throws -> DAGRoot {
    guard profile.chunkSize >= Self.smallestSharedChunk else { return try await buildAlone(source) }
    return try await withThrowingTaskGroup(of: Stored.self) { group in
      var leaves = Leaves(profile.builder(to: sink))
      var cutter = ChunkCutter(profile.chunker)
      var chunk = Chunk(profile.chunkSize)
      // Bytes in the chunk's memory, and how many of them the cutter has seen.
      var filled = 0
      var seen = 0
      // A first chunk that may turn out to be the only one, and then is its root.
      var only: (chunk: Chunk, count: Int)?
      defer { budget.give(leaves.inFlight * profile.chunkSize) }

      while true {
        let count = try await source(UnsafeMutableRawBufferPointer(rebasing: chunk.memory[filled...]))
        if count == 0 { break }
        filled += count
        if let first = only {
          only = nil
          try await store(first.chunk, first.count, &leaves, &group)
        }
        while seen < filled {
          guard let length = cutter.cut(UnsafeRawBufferPointer(rebasing: chunk.memory[seen..<filled])) else {
            seen = filled
            break
          }
          let end = seen + length
          let next = leaves.spare.popLast() ?? Chunk(profile.chunkSize)
          next.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: chunk.memory[end..<filled]))
          if leaves.count == 0, end == filled, metadata != nil {
            only = (chunk, end)
          } else {
            try await store(chunk, end, &leaves, &group)
          }
          chunk = next
          filled -= end
          seen = 0
        }
      }
      if let only { (chunk, filled) = only }
      if leaves.count == 0, profile.layout == .balanced {
        return DAGRoot(try await storeOnly(UnsafeRawBufferPointer(rebasing: chunk.memory[..<filled])))
      }
      if filled > 0 { try await store(chunk, filled, &leaves, &group) }
      while leaves.inFlight > 0 { try await collect(&leaves, &group) }
      return try await leaves.builder.finish(metadata: metadata)
    }
  }

  /// Stores the only chunk of a file, which may be empty: it is the root.
  private func storeOnly(_ bytes: UnsafeRawBufferPointer) async throws -> Leaf {
    guard let metadata else { return try await LeafEncoder.store(bytes, profile: profile, to: sink) }
    return try await LeafEncoder.store(bytes, metadata: metadata, profile: profile, to: sink)
  }

  /// Has a chunk stored by a task, or at once where there is no memory for another one meanwhile.
  private func store(
    _ chunk: Chunk, _ count: Int, _ leaves: inout Leaves, _ group: inout ThrowingTaskGroup<Stored, any Error>
  ) async throws {
    let index = leaves.count
    leaves.count += 1
    if leaves.inFlight == Self.width { try await collect(&leaves, &group) }
    let (profile, sink) = (profile, sink)
    guard budget.take(profile.chunkSize) else {
      let leaf = try await LeafEncoder.store(
        UnsafeRawBufferPointer(rebasing: chunk.memory[..<count]), profile: profile, to: sink)
      leaves.spare.append(chunk)
      return try await leaves.append(leaf, at: index)
    }
    leaves.inFlight += 1
    group.addTask {
      let leaf = try await LeafEncoder.store(
        UnsafeRawBufferPointer(rebasing: chunk.memory[..<count]), profile: profile, to: sink)
      return Stored(index: index, leaf: leaf, chunk: chunk)
    }
  }

  /// Waits for a leaf.
  private func collect(
    _ leaves: inout Leaves, _ group: inout ThrowingTaskGroup<Stored, any Error>
  ) async throws {
    guard let stored = try await group.next() else { return }
    leaves.inFlight -= 1
    budget.give(profile.chunkSize)
    if leaves.spare.isEmpty { leaves.spare.append(stored.chunk) }
    try await leaves.append(stored.leaf, at: stored.index)
  }

  /// Imports a file of small chunks, leaf by leaf.
  private func buildAlone(_ source: Source) async throws -> DAGRoot {
    var importer = Importer(profile: profile, metadata: metadata, sink: sink)
    let piece = Chunk(Self.smallestSharedChunk)
    while true {
      let count = try await source(piece.memory)
      if count == 0 { break }
      try await importer.append(UnsafeRawBufferPointer(rebasing: piece.memory[..<count]))
    }
    return try await importer.finish()
  }

  /// Puts leaves under nodes in the order of the file, however they come.
  private struct Leaves {
    var builder: any LayoutBuilder
    private var early: [Int: Leaf] = [:]
    private var next = 0
    /// Leaves that there are, stored or not.
    var count = 0
    /// Leaves that tasks store.
    var inFlight = 0
    /// Memory for the next chunk.
    var spare: [Chunk] = []

    init(_ builder: any LayoutBuilder) {
      self.builder = builder
    }

    mutating func append(_ leaf: Leaf, at index: Int) async throws {
      early[index] = leaf
      while let leaf = early.removeValue(forKey: next) {
        try await builder.append(DAGRoot(leaf))
        next += 1
      }
    }
  }
}
