import Foundation
import IPFSFileSystem
import IPFSNode
import Synchronization
import TestSupport
import Testing
import UnixFS

/// Calls on one file that overlap, with a volume that suspends.
@Suite struct RaceTests {
  @Test func aWriteDuringAFlushIsNotLost() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(100))
    mount.volume.hold(.put)
    async let flushed: Void = mount.fileSystem.flush(file)
    await mount.volume.waitForHeld(.put)
    async let written: Void = mount.write(file, at: 100, data(700, seed: "later"))
    for _ in 0..<20 { await Task.yield() }
    mount.volume.letGo(.put)
    try await flushed
    try await written
    let expected = data(100) + data(700, seed: "later")
    #expect(try await mount.read(file, count: 1000) == expected)
    try await mount.flushAndClose(file)
    let again = try await mount.remounted()
    #expect(try await again.content("file") == expected)
    try await again.end()
  }

  @Test func aWriteWhileTheDAGIsBuiltIsNotLost() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(2000))
    try await mount.write(file, at: 300, data(50, seed: "random write"))
    try await mount.fileSystem.flush(file)
    mount.volume.hold(.put)
    async let cid = mount.fileSystem.cid(of: file)
    await mount.volume.waitForHeld(.put)
    async let written: Void = mount.write(file, at: 1024, data(256, seed: "whole chunk"))
    async let spooled: Void = mount.write(file, at: 5, data(6, seed: "piece"))
    for _ in 0..<20 { await Task.yield() }
    mount.volume.letGo(.put)
    try await written
    try await spooled
    _ = try await cid
    var expected = data(2000)
    expected.replaceSubrange(300..<350, with: data(50, seed: "random write"))
    expected.replaceSubrange(1024..<1280, with: data(256, seed: "whole chunk"))
    expected.replaceSubrange(5..<11, with: data(6, seed: "piece"))
    #expect(try await mount.content(of: file) == expected)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(expected))
    let again = try await mount.remounted()
    #expect(try await again.content("file") == expected)
    try await again.end()
  }

  /// Writers each own every n-th record of a file and count up what they write there, while others flush, build DAGs
  /// and read.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func noUpdateOfParallelWritersIsLost(seed: UInt64) async throws {
    let mount = try await TestMount(.small())
    mount.volume.suspendPuts()
    let file = try await mount.create("file")
    let writers = 4
    let records = 16
    let size = 100
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<writers {
        group.addTask {
          var random = SeededGenerator(seed: seed &* 100 &+ UInt64(writer))
          for round in 1...12 {
            for record in (0..<records).shuffled(using: &random) {
              let bytes = [UInt8](repeating: UInt8(round), count: size)
              try await mount.write(file, at: UInt64((record * writers + writer) * size), bytes)
            }
          }
        }
      }
      group.addTask { for _ in 0..<60 { try await mount.fileSystem.flush(file) } }
      group.addTask { for _ in 0..<10 { try await mount.fileSystem.synchronize(file) } }
      group.addTask { for _ in 0..<30 { _ = try await mount.fileSystem.cid(of: file) } }
      group.addTask {
        for _ in 0..<200 {
          let read = try await mount.read(file, at: 0, count: 10_000)
          #expect(read.allSatisfy { $0 <= 12 })
        }
      }
      try await group.waitForAll()
    }
    let expected = [UInt8](repeating: 12, count: writers * records * size)
    #expect(try await mount.read(file, count: 10_000) == expected)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(expected))
    let again = try await mount.remounted()
    #expect(try await again.content("file") == expected)
    try await again.end()
  }

  @Test func overlappingWritersLeaveBytesOfOneOfThem() async throws {
    let mount = try await TestMount(.small())
    mount.volume.suspendPuts()
    let file = try await mount.create("file")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 1...4 {
        group.addTask {
          var random = SeededGenerator(seed: UInt64(writer))
          for _ in 0..<100 {
            let offset = Int.random(in: 0..<2000, using: &random)
            let bytes = [UInt8](repeating: UInt8(writer), count: Int.random(in: 1...700, using: &random))
            try await mount.write(file, at: UInt64(offset), bytes)
          }
        }
      }
      group.addTask { for _ in 0..<50 { try await mount.fileSystem.flush(file) } }
      group.addTask {
        for _ in 0..<200 {
          let bytes = try await mount.read(file, count: 3000)
          #expect(bytes.allSatisfy { $0 <= 4 })
        }
      }
      try await group.waitForAll()
    }
    let final = try await mount.read(file, count: 3000)
    #expect(final.allSatisfy { $0 <= 4 })
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(final))
    try await mount.end()
  }

  @Test func aTimeSetWhileTheDAGIsBuiltStays() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(100))
    mount.volume.hold(.put)
    async let flushed: Void = mount.fileSystem.flush(file)
    await mount.volume.waitForHeld(.put)
    let time = Timestamp(seconds: 1_000_000_000, nanoseconds: 123_456_789)
    _ = try await mount.fileSystem.setAttributes(of: file, AttributeChange(mtime: time), isOpen: true)
    mount.volume.letGo(.put)
    try await flushed
    try await mount.flushAndClose(file)
    let again = try await mount.remounted()
    let status = try await again.fileSystem.lookup("file", in: NodeRecord.root)
    #expect(status.attributes.mtime == time)
    #expect(status.attributes.ctime > time)
    try await again.end()
  }

  @Test func aFileUnlinkedWhileItIsOpenedLeavesNothing() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", data(1000))
    mount.volume.hold(.record)
    async let opened: Void = mount.fileSystem.open(file, isWritable: true)
    await mount.volume.waitForHeld(.record)
    try await mount.fileSystem.remove("file", in: NodeRecord.root, as: .nonDirectory)
    mount.volume.letGo(.record)
    try await opened
    try await mount.write(file, at: 10, data(20, seed: "late"))
    #expect(try await mount.read(file, at: 10, count: 20) == data(20, seed: "late"))
    try await mount.flushAndClose(file)
    await mount.fileSystem.forget(file, count: 1)
    #expect(mount.fileSystem.counts.files == 0)
    #expect(try mount.spoolFiles == [])
    try await mount.end()
  }
}
