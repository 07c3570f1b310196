import Foundation
import Glibc
import IPFSFileSystem
import IPFSNode
import Synchronization
import TestSupport
import Testing
import UnixFS

/// Bytes that wait in a spool file: they survive the process, and a loss of power once that was promised.
@Suite struct SpoolTests {
  private static let content = data(2000)
  private static let piece = data(40, seed: "piece")

  private static var changed: [UInt8] {
    var bytes = content
    bytes.replaceSubrange(300..<340, with: piece)
    return bytes
  }

  /// A mount with a file of which a flushed piece is in the spool file.
  private func mountWithSpool() async throws -> (mount: TestMount, file: NodeID) {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", Self.content)
    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.write(file, at: 300, Self.piece)
    try await mount.fileSystem.flush(file)
    #expect(try mount.spoolFiles == ["\(file)"])
    return (mount, file)
  }

  @Test func anUnlinkedFileWhoseBytesHaveGoneIsNotOpenedAgain() async throws {
    let (mount, file) = try await mountWithSpool()
    try await mount.fileSystem.remove("file", in: NodeRecord.root, as: .nonDirectory)
    try await mount.flushAndClose(file)
    #expect(try mount.spoolFiles == [])
    await #expect { try await mount.fileSystem.open(file, isWritable: true) } throws: {
      ($0 as? FileSystemError)?.code == .stale
    }
    await mount.fileSystem.forget(file, count: 1)
    #expect(mount.fileSystem.counts.files == 0)
    try await mount.end()
  }

  @Test func flushedPiecesSurviveTheProcess() async throws {
    let (mount, file) = try await mountWithSpool()
    try Data("stray".utf8).write(to: URL(fileURLWithPath: "\(mount.volume.spoolDirectory)/999999"))
    try Data("foreign".utf8).write(to: URL(fileURLWithPath: "\(mount.volume.spoolDirectory)/name"))
    let crashed = try await mount.crashed()
    #expect(try crashed.spoolFiles == ["\(file)"])
    #expect(crashed.fileSystem.counts.files == 1)
    #expect(try await crashed.content("file") == Self.changed)
    try await crashed.end()
    let again = try await TestMount(mount.profile, in: crashed.folder)
    #expect(try again.spoolFiles == [])
    #expect(again.fileSystem.counts.files == 0)
    #expect(try await again.fileSystem.cid(of: file) == again.importedCID(Self.changed))
    try await again.end()
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  private final class FoundNames: Sendable {
    let names = Mutex<[String]?>(nil)
  }

  /// A file that is committed while a synchronization is under way: what the disk has then may speak of its spool file.
  @Test func aSpoolFileStaysThatASynchronizationUnderWayMaySpeakOf() async throws {
    let (mount, file) = try await mountWithSpool()
    let fileSystem = mount.fileSystem
    let found = FoundNames()
    mount.volume.duringNextSpoolSync {
      let isDone = DispatchSemaphore(value: 0)
      Task {
        _ = try? await fileSystem.cid(of: file)
        found.names.withLock { $0 = try? mount.spoolFiles }
        isDone.signal()
      }
      isDone.wait()
    }
    try await fileSystem.synchronize(file)
    #expect(found.names.withLock { $0 } == ["\(file)"])
    try await fileSystem.synchronize(file)
    #expect(try mount.spoolFiles == [])
    #expect(try await mount.content("file") == Self.changed)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  enum Loss: CaseIterable {
    case missing, short
  }

  @Test(arguments: Loss.allCases)
  func aLostSpoolFileCostsWhatWasInIt(loss: Loss) async throws {
    let (mount, file) = try await mountWithSpool()
    let copy = try TemporaryFolder(copyOf: mount.folder)
    try await mount.flushAndClose(file)
    try await mount.end()
    let spool = "\(copy.path)/spool/\(file)"
    switch loss {
    case .missing: try FileManager.default.removeItem(atPath: spool)
    case .short: #expect(Glibc.truncate(spool, 320) == 0)
    }
    let crashed = try await TestMount(mount.profile, in: copy)
    let fileSystem = crashed.fileSystem
    try await fileSystem.open(file, isWritable: true)
    #expect(await errorCode { try await crashed.read(file, at: 299, count: 100) } == .inputOutput)
    #expect(try await crashed.read(file, at: 0, count: 300) == Array(Self.content[..<300]))
    #expect(await errorCode { try await fileSystem.cid(of: file) } == .inputOutput)
    // A new piece in a new spool file must not make zeros of the lost one.
    #expect(await errorCode { try await crashed.write(file, at: 700, [1]) } == .inputOutput)
    await fileSystem.close(file, isWritable: true)
    let node = try await fileSystem.lookup("file", in: NodeRecord.root).node

    // Once it is cut off, the file is whole again.
    try await fileSystem.open(node, isWritable: true)
    try await crashed.truncate(node, to: 200)
    try await crashed.write(node, at: 100, Self.piece)
    try await crashed.flushAndClose(node)
    let expected = Array(Self.content[..<100]) + Self.piece + Self.content[140..<200]
    #expect(try await crashed.content(of: node) == expected)
    #expect(try await fileSystem.cid(of: node) == crashed.importedCID(expected))
    try await crashed.end()
  }

  /// How long it stays is for FaultTests/PowerLoss to show: a checkpoint may synchronize at any time.
  @Test func whatWasSynchronizedIsUsedAgainUntilItsDAGIsSynchronized() async throws {
    let (mount, file) = try await mountWithSpool()
    try await mount.fileSystem.synchronize(file)
    let synchronizations = mount.volume.count(.synchronize)
    _ = try await mount.fileSystem.cid(of: file)
    #expect(mount.volume.count(.synchronize) == synchronizations)
    // A new piece goes to the same file, for that may still be needed.
    try await mount.write(file, at: 1900, Self.piece)
    try await mount.fileSystem.flush(file)
    #expect(try mount.spoolFiles == ["\(file)"])
    _ = try await mount.fileSystem.cid(of: file)
    try await mount.fileSystem.synchronize(file)
    #expect(try mount.spoolFiles == [])
    var expected = Self.changed
    expected.replaceSubrange(1900..<1940, with: Self.piece)
    #expect(try await mount.content(of: file) == expected)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func whatWasNotSynchronizedCostsNoSynchronization() async throws {
    let (mount, file) = try await mountWithSpool()
    _ = try await mount.fileSystem.cid(of: file)
    #expect(mount.volume.count(.synchronize) == 0)
    try await mount.fileSystem.synchronize(file)
    #expect(try mount.spoolFiles == [])
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func anUnlinkedFileTakesItsSpoolFileAlong() async throws {
    let (mount, file) = try await mountWithSpool()
    try await mount.fileSystem.remove("file", in: NodeRecord.root, as: .nonDirectory)
    #expect(try await mount.read(file, count: 3000) == Self.changed)
    try await mount.write(file, at: 900, Self.piece)
    #expect(try await mount.fileSystem.status(of: file).links == 0)
    try await mount.flushAndClose(file)
    await mount.fileSystem.forget(file, count: 1)
    try await mount.fileSystem.synchronizeDirectory(NodeRecord.root)
    #expect(try mount.spoolFiles == [])
    #expect(mount.fileSystem.counts.files == 0)
    #expect(await errorCode { try await mount.fileSystem.status(of: file) } == .notFound)
    try await mount.end()
  }

  @Test func whatWasFlushedComesBackWhenAWriteAfterOneOverItFails() async throws {
    let (mount, file) = try await mountWithSpool()
    try await mount.write(file, at: 290, data(70, seed: "over it"))
    mount.volume.allow(0, .put)
    #expect(await errorCode { try await mount.write(file, at: 512, data(256)) } == .noSpace)
    mount.volume.allow(nil, .put)
    await mount.fileSystem.close(file, isWritable: true)
    #expect(try await mount.content("file") == Self.changed)
    try await mount.end()
  }

  @Test func overwritingInTurnWithSynchronizingDoesNotFillTheDisk() async throws {
    let (mount, file) = try await mountWithSpool()
    var expected = Self.changed
    for round in 0..<50 {
      let piece = data(100, seed: "\(round)")
      try await mount.write(file, at: UInt64(300 + round), piece)
      expected.replaceSubrange(300 + round..<400 + round, with: piece)
      if round % 3 == 0 { try await mount.fileSystem.synchronize(file) } else { try await mount.fileSystem.flush(file) }
    }
    #expect(try await mount.read(file, count: 3000) == expected)
    let spool = "\(mount.volume.spoolDirectory)/\(file)"
    let size = try FileManager.default.attributesOfItem(atPath: spool)[.size] as? Int ?? 0
    #expect(size <= 8 << 20)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(expected))
    try await mount.end()
  }

  @Test func piecesFarOutNeedNoLongSpoolFile() async throws {
    let mount = try await TestMount(.unixfsV1_2025)
    let file = try await mount.create("file")
    try await mount.truncate(file, to: 1 << 61)
    for position in [5, 1 << 40, 1 << 50, (1 << 60) - 3] as [UInt64] {
      try await mount.write(file, at: position, Self.piece)
    }
    try await mount.fileSystem.synchronize(file)
    let spool = "\(mount.volume.spoolDirectory)/\(file)"
    let size = try FileManager.default.attributesOfItem(atPath: spool)[.size] as? Int ?? 0
    #expect(size <= 5 << 20)
    let crashed = try await mount.crashed()
    for mount in [mount, crashed] {
      try await mount.fileSystem.open(file, isWritable: false)
      for position in [5, 1 << 40, 1 << 50, (1 << 60) - 3] as [UInt64] {
        #expect(try await mount.read(file, at: position - 1, count: 42) == [0] + Self.piece + [0])
      }
      await mount.fileSystem.close(file, isWritable: false)
    }
    #expect(try await crashed.fileSystem.cid(of: file) == mount.fileSystem.cid(of: file))
    try await crashed.end()
    try await mount.flushAndClose(file)
    try await mount.end()
  }
}
