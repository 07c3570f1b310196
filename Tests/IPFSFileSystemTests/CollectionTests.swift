import Foundation
import IPFSFileSystem
import IPFSNode
import IPLD
import Multiformats
import Synchronization
import TestSupport
import Testing
import UnixFS

/// Collections of garbage beside everything that a file system does.
@Suite struct CollectionTests {
  /// Files that are written at random places, cut, flushed, closed, replaced, removed while open and read have the
  /// right content while one collection follows the other.
  @Test(arguments: [true, false])
  func contentSurvives(isSmall: Bool) async throws {
    let profile = isSmall ? try ImportProfile.small() : .unixfsV1_2025
    let mount = try await TestMount(profile, idleDelay: .milliseconds(20))
    let isDone = Atomic(false)
    let removed = Atomic(0)
    let node = mount.node
    let collecting = Thread {
      while !isDone.load(ordering: .relaxed) {
        do {
          removed.add(try node.collector.collectNow().removed, ordering: .relaxed)
        } catch {
          Issue.record(error)
        }
      }
    }
    collecting.start()
    let limit = isSmall ? 12_000 : 5_000_000
    let contents = try await withThrowingTaskGroup(of: [EntryName: [UInt8]].self) { group in
      for writer in 0..<3 {
        group.addTask {
          var writer = Writer(mount, number: writer, limit: limit)
          for _ in 0..<(isSmall ? 250 : 60) { try await writer.step() }
          return try await writer.end()
        }
      }
      return try await group.reduce(into: [:]) { $0.merge($1) { $1 } }
    }
    isDone.store(true, ordering: .relaxed)
    while !collecting.isFinished { try await Task.sleep(for: .milliseconds(5)) }
    #expect(removed.load(ordering: .relaxed) > 0)
    let again = try await mount.remounted()
    try again.node.collector.collectNow()
    for (name, content) in contents { #expect(try await again.content(name) == content, "\(name)") }
    #expect(try await again.node.verify().isEmpty)
    try await again.end()
  }

  /// A task with files of its own, whose content it knows.
  private struct Writer {
    private let mount: TestMount
    private let number: Int
    private let limit: Int
    private var random: SeededGenerator
    private var contents: [EntryName: [UInt8]] = [:]
    private var open: [(name: EntryName?, node: NodeID, content: [UInt8])] = []

    init(_ mount: TestMount, number: Int, limit: Int) {
      self.mount = mount
      self.number = number
      self.limit = limit
      random = SeededGenerator(seed: UInt64(number))
    }

    mutating func step() async throws {
      let name = EntryName("w\(number)-\(Int.random(in: 0..<5, using: &random))")
      guard let index = open.indices.randomElement(using: &random), Int.random(in: 0..<6, using: &random) > 0 else {
        try await openFile(name)
        return
      }
      let node = open[index].node
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<5:
        let offset = Int.random(in: 0...min(limit, open[index].content.count * 5 / 4 + 1), using: &random)
        let count = Int.random(in: 1...limit / 3, using: &random)
        // Some bytes again and again, so that garbage is stored anew.
        let seed = UInt64.random(in: 0..<6, using: &random)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: (UInt64($0) &* 31 &+ seed) ^ UInt64($0) >> 8) }
        try await mount.write(node, at: UInt64(offset), bytes)
        var content = open[index].content
        if content.count < offset + count { content += [UInt8](repeating: 0, count: offset + count - content.count) }
        content.replaceSubrange(offset..<offset + count, with: bytes)
        open[index].content = content
      case 5:
        let size = Int.random(in: 0...limit, using: &random)
        try await mount.truncate(node, to: UInt64(size))
        let content = open[index].content
        open[index].content =
          Array(content.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - content.count))
      case 6: try await mount.fileSystem.flush(node)
      case 7..<9: try await check(open[index])
      case 9:
        if let name = open[index].name {
          try await mount.fileSystem.remove(name, in: NodeRecord.root, as: .nonDirectory)
          contents[name] = nil
          open[index].name = nil
        }
      default: try await close(at: index)
      }
      if let name = open.indices.contains(index) ? open[index].name : nil { contents[name] = open[index].content }
    }

    private mutating func openFile(_ name: EntryName) async throws {
      if let index = open.firstIndex(where: { $0.name == name }) { return try await close(at: index) }
      if let content = contents[name] {
        let node = try await mount.fileSystem.lookup(name, in: NodeRecord.root).node
        try await mount.fileSystem.open(node, isWritable: true)
        open.append((name, node, content))
      } else {
        open.append((name, try await mount.create(name), []))
        contents[name] = []
      }
    }

    private func check(_ file: (name: EntryName?, node: NodeID, content: [UInt8])) async throws {
      let content = try await mount.read(file.node, count: file.content.count + 1)
      #expect(content == file.content, "\(file.name?.description ?? "unlinked"), \(file.content.count) bytes")
    }

    private mutating func close(at index: Int) async throws {
      let file = open.remove(at: index)
      try await check(file)
      try await mount.flushAndClose(file.node)
      await mount.fileSystem.forget(file.node, count: 1)
    }

    mutating func end() async throws -> [EntryName: [UInt8]] {
      while !open.isEmpty { try await close(at: 0) }
      return contents
    }
  }

  /// A snapshot that is being built is kept though the file has changed since.
  @Test func commitUnderWayIsKept() async throws {
    let mount = try await TestMount(.small())
    let node = try await mount.create("f")
    let old = [UInt8](repeating: 1, count: 3000)
    // Out of step with the chunks, so that the flush has to put chunks together.
    for start in stride(from: 0, to: 3000, by: 500) {
      try await mount.write(node, at: UInt64(start), Array(old[start..<start + 500]))
      try await mount.fileSystem.flush(node)
    }
    mount.volume.hold(.put)
    async let committed = mount.fileSystem.cid(of: node)
    await mount.volume.waitForHeld(.put)
    try await mount.node.collector.collectOnThread()
    mount.volume.letGo(.put)
    let cid = try await committed
    #expect(cid == (try await mount.importedCID(old)))
    try await mount.node.collector.collectOnThread()
    #expect(try await mount.content(of: node) == old)
    await mount.fileSystem.close(node, isWritable: true)
    #expect(try await mount.node.verify().isEmpty)
    try await mount.end()
  }
}

extension Collector {
  /// Collects without keeping one of Swift's threads.
  func collectOnThread() async throws {
    let result = Mutex<Result<Progress, any Error>?>(nil)
    let thread = Thread { result.withLock { $0 = Result { try self.collectNow() } } }
    thread.start()
    while !thread.isFinished { try await Task.sleep(for: .milliseconds(2)) }
    _ = try result.withLock { $0 }?.get()
  }
}
