import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Multiformats
import NIOCore
import Synchronization
import TestSupport
import Testing
import UnixFS

/// Files, pins and the repo through the client, for what no recorded exchange shows.
struct StorageCommandTests {
  /// Many clients at once, over HTTP and for a minute, get no error that one alone would not get, lose no write, and a
  /// collection takes nothing that is in use.
  @Test func manyClientsAtOnce() async throws {
    try await ServedNode.with { served in
      let address = "/ip4/127.0.0.1/tcp/\(served.port)"
      let client = try await Client.connect(address)
      let clients = 64
      let flag = Flag()
      try await client.files.write("/shared", .bytes([]), create: true)
      let deadline = ContinuousClock.now + .seconds(60)
      var steps: [Int: Int] = [:]
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          while !flag.isDone.load(ordering: .relaxed) {
            for try await removed in client.repo.gc() { #expect(removed.error == nil) }
          }
        }
        try await withThrowingTaskGroup(of: (Int, Int).self) { work in
          for number in 0..<clients {
            work.addTask {
              let client = try await Client.connect(address)
              var step = 0
              while step < 2 || ContinuousClock.now < deadline {
                let place = Int64(step * clients + number)
                try await client.files.write("/shared", .bytes([UInt8(number + 1)]), offset: place)
                try await Self.useNode(by: client, number, step)
                step += 1
              }
              await client.close()
              return (number, step)
            }
          }
          for try await (number, count) in work { steps[number] = count }
        }
        flag.isDone.store(true, ordering: .relaxed)
        try await group.waitForAll()
      }
      let shared = try await client.files.read("/shared").collect()
      let last = try #require(steps.values.max())
      for step in 0..<last {
        for number in 0..<clients where step < steps[number, default: 0] {
          #expect(shared[step * clients + number] == UInt8(number + 1))
        }
      }
      for number in 0..<clients where number % 4 != 1 {
        let bytes = Self.bytes(number, steps[number, default: 0] - 1)
        #expect(try await client.files.read("/c\(number % 8)/f\(number)").collect() == bytes)
      }
      #expect(try await served.node.verify() == [])
      await client.close()
    }
  }

  private static func bytes(_ number: Int, _ step: Int) -> [UInt8] { data(3000 + number, seed: "\(number)/\(step)") }

  /// What one of many clients does.
  private static func useNode(by client: Client, _ number: Int, _ step: Int) async throws {
    let bytes = bytes(number, step)
    let path = "/c\(number % 8)/f\(number)"
    try await client.files.write(path, .bytes(bytes), create: true, parents: true, truncate: true)
    #expect(try await client.files.read(path).collect() == bytes)
    switch number % 4 {
    case 0:
      let cid = try await client.addBytes(bytes)
      #expect(try await client.cat(cid).collect() == bytes)
      try await client.pin.rm(cid)
    case 1:
      let cid = try await client.files.stat(path).cid
      try await client.pin.add(cid, name: "n")
      try await client.files.rm(path)
      #expect(try await client.cat(cid).collect() == bytes)
      try await client.pin.rm(cid)
    case 2:
      try await client.files.cp(path, to: "\(path).copy", force: true)
      try await client.files.mv("\(path).copy", to: "\(path).moved")
      #expect(try await client.files.read("\(path).moved").collect() == bytes)
      try await client.files.chmod(path, mode: 0o600)
      #expect(try await client.files.read(path).collect() == bytes)
    default:
      _ = try await client.files.ls("/c\(number % 8)", long: true)
      _ = try await client.files.flush("/")
      _ = try await client.files.stat("/", withLocal: true)
    }
  }

  @Test func largeDirectoriesAreListed() async throws {
    let served = try LocalNode()
    let client = served.client
    try await client.files.mkdir("/d")
    let directory = try #require(try served.node.tree.lookup("d", in: 1))
    for index in 0..<5000 {
      _ = try served.node.tree.create(
        EntryName("file-\(index)"), in: directory.inode, attributes: directory.attributes, content: .file(.empty))
    }
    let names = try await client.files.ls("/d").map(\.name)
    #expect(names == (0..<5000).map { "file-\($0)" }.sorted())
    let entries = try await client.files.ls("/d", long: true)
    #expect(entries.count == 5000)
    #expect(entries.allSatisfy { $0.cid != nil && $0.size == 0 })
    try await client.files.rm("/d", recursive: true)
    #expect(try await client.files.ls("/") == [])
    try await served.node.close()
  }

  @Test(arguments: [true, false])
  func manyPinsAreListed(stream: Bool) async throws {
    let served = try LocalNode()
    let client = served.client
    let cids = (0..<2510).map { index in
      Array("pin \(index)".utf8).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    }
    for name in 0..<10 {
      let pinned = cids[name * 250..<(name + 1) * 250]
      try await served.node.pins.add(stored: Array(pinned), name: "name \(name)")
    }
    for index in 2500..<2510 {
      let cid = try await client.addBytes(Array("pin \(index)".utf8), options: AddOptions(pin: false))
      try await client.pin.add(cid, recursive: false, name: "direct")
    }
    #expect(try await Set(client.pin.ls(stream: stream).collect().map(\.cid)) == Set(cids))
    let direct = try await client.pin.ls(type: .direct, stream: stream).collect()
    #expect(Set(direct.map(\.cid)) == Set(cids[2500...]))
    #expect(direct.allSatisfy { $0.kind == .direct && $0.name.isEmpty })
    let named = try await client.pin.ls(name: "name 3", stream: stream).collect()
    #expect(named.count == 250)
    #expect(named.allSatisfy { $0.name == "name 3" })
    try await served.node.close()
  }

  @Test func whatPinsLackIsTold() async throws {
    let served = try LocalNode()
    let client = served.client
    let root = try await client.addBytes(data(3_000_000, seed: "pinned"))
    let whole = try await client.addBytes(Array("whole".utf8))
    let leaf = try #require(try await client.pin.ls(type: .indirect).collect().first?.cid)
    let file = "\(served.repo.path)/blocks/\(BlockPath(multihash: leaf.multihashBytes).path)"
    try FileManager.default.removeItem(atPath: file)
    let found = try await client.pin.verify(verbose: true).collect()
    #expect(found.first { $0.cid == whole }?.isOK == true)
    let broken = try #require(found.first { $0.cid == root })
    #expect(!broken.isOK)
    #expect(broken.badNodes.map(\.cid) == [leaf])
    #expect(broken.badNodes[0].error == "block was not found locally (offline): ipld: could not find \(leaf)")
    let quiet = try await client.pin.verify(quiet: true).collect()
    #expect(quiet.map(\.cid) == [root])
    #expect(quiet[0].badNodes == [])
    // A block of other bytes is found, and goes if that is asked for.
    let block = "\(served.repo.path)/blocks/\(BlockPath(multihash: whole.multihashBytes).path)"
    try Data("other".utf8).write(to: URL(filePath: block))
    let refusal = await served.refusal { for try await _ in client.repo.verify() {} }
    #expect(refusal == "verify complete, 1 blocks corrupt")
    let last = try await client.repo.verify(drop: true).collect().last
    #expect(last?.message == "verify complete, 1 blocks corrupt, 1 removed")
    #expect(!served.node.blockstore.has(whole))
    #expect(try await client.repo.verify().collect().last?.message == "verify complete, all blocks validated.")
    try await served.node.close()
  }

  @Test func removedBlocksAreTold() async throws {
    let served = try LocalNode()
    let client = served.client
    let garbage = try await client.addBytes(Array("garbage".utf8), options: AddOptions(pin: false))
    let kept = try await client.addBytes(Array("kept".utf8))
    let listed = try await client.repo.ls().collect()
    #expect(Set(listed).isSuperset(of: [garbage, kept]))
    #expect(try await client.repo.gc().collect().compactMap(\.cid).contains(garbage))
    #expect(try await client.repo.gc(silent: true).collect().isEmpty)
    #expect(try await client.repo.ls().collect().contains(kept))
    let stat = try await client.repo.stat()
    #expect(stat.repoPath == served.repo.path)
    #expect(try await UInt64(client.repo.ls().collect().count) == stat.numObjects)
    #expect(try await client.repo.stat(sizeOnly: true).numObjects == 0)
    try await served.node.close()
  }

  @Test func badInputIsRefused() async throws {
    let served = try LocalNode()
    let client = served.client
    let long = "/" + String(repeating: "x", count: 64 << 10)
    #expect(await served.refusal { try await client.files.mkdir(long) } != nil)
    #expect(await served.refusal { _ = try await client.files.stat(long) } == "file does not exist")
    let deep = String(repeating: "/x", count: 32 << 10)
    #expect(
      await served.refusal { try await client.files.mkdir(deep, parents: true) }
        == "a path of 32768 names: at most 2048")
    #expect(
      await served.refusal { try await client.files.mkdir("/v", cidVersion: 7) } == "unknown CID version: 7")
    #expect(
      await served.refusal { try await client.files.mkdir("/v", hash: "nope") }
        == "unrecognized hash function: \"nope\"")
    #expect(
      await served.refusal {
        try await client.files.write("/f", .bytes([1]), offset: .max, create: true)
      } != nil)
    let name = String(repeating: "n", count: 256)
    let cid = try await client.addBytes([1])
    #expect(
      await served.refusal { try await client.pin.add(cid, name: name) } == "pin name is 256 bytes (max 255 bytes)")
    #expect(try await client.files.ls() == [])
    try await served.node.close()
  }

  /// A body that is cut off changes nothing.
  @Test func aFileStaysWhenABodyIsCutOff() async throws {
    let served = try LocalNode()
    try await served.client.files.write("/f", .text("whole"), create: true)
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    let cut = try await served.respond("files/write", [("arg", "/f"), ("truncate", "true")], body: head + "par")
    #expect(cut.status == 500)
    #expect(try await served.client.files.read("/f").text() == "whole")
    let complete = try await served.respond(
      "files/write", [("arg", "/f"), ("offset", "2")], body: head + "XY\r\n--b--\r\n")
    #expect(complete.status == 200)
    #expect(try await served.client.files.read("/f").text() == "whXYe")
    let none = try await served.respond("files/write", [("arg", "/f")], body: "--b--\r\n")
    #expect(none.status != 200)
    try await served.node.close()
  }

  @Test func contentIsCopiedWithItsForm() async throws {
    let served = try LocalNode()
    let client = served.client
    let root = try await client.add(
      .directory(name: "d", [.text("a", name: "x"), .directory(name: "e", [.text("b", name: "y")])]),
      options: AddOptions(cidVersion: 0)
    ).collect().last?.cid
    let cid = try #require(root)
    try await client.files.cp(cid, to: "/copy")
    #expect(try await client.files.stat("/copy").cid == cid)
    // A directory of version 0 stays one when something comes into it.
    try await client.files.write("/copy/e/z", .text("c"), create: true)
    #expect(try await client.files.stat("/copy/e").cid.version == .v0)
    #expect(try await client.files.stat("/copy").cid.version == .v0)
    #expect(try await client.files.read("/copy/e/y").text() == "b")
    #expect(
      await served.refusal { try await client.files.mv("/copy", to: "/copy/e") }
        == "cannot move a directory into itself")
    try await served.node.close()
  }
}

private final class Flag: Sendable {
  let isDone = Atomic(false)
}

extension LocalNode {
  /// The reply to a request whose body is given.
  fileprivate func respond(_ command: String, _ query: [RPCRequest.Pair], body: String) async throws
    -> RecordingSink.Recorded
  {
    let sink = RecordingSink()
    let source = Mutex<ByteBuffer?>(ByteBuffer(string: body))
    let request = RPCRequest(
      command: command, query: query,
      headers: [(name: "Content-Type", value: "multipart/form-data; boundary=b")], isTrusted: true,
      body: {
        source.withLock { source in
          defer { source = nil }
          return source
        }
      })
    try await service.respond(to: request, through: sink)
    return sink.recorded
  }
}
