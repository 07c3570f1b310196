import IPFSClient
import Multiformats
import TestSupport
import Testing

extension LiveAPI {
  /// What every way to the daemon must do: over TCP, over a unix socket, and within the process.
  struct TransportTests {
    /// So many different chunks of one size.
    private struct Chunks: AsyncSequence, Sendable {
      static let size = 1 << 16
      let base = Sample.bytes(size)
      let count: Int

      struct AsyncIterator: AsyncIteratorProtocol {
        let chunks: Chunks
        var position = 0

        mutating func next() async -> [UInt8]? { makeChunk() }

        mutating func makeChunk() -> [UInt8]? {
          guard position < chunks.count else { return nil }
          position += 1
          var chunk = chunks.base
          (chunk[0], chunk[1]) = (UInt8(truncatingIfNeeded: position), UInt8(truncatingIfNeeded: position >> 8))
          return chunk
        }
      }

      func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: self) }
    }

    /// Chunks of which one cannot be had.
    private struct Broken: AsyncSequence, Sendable {
      struct Lost: Error {}

      struct AsyncIterator: AsyncIteratorProtocol {
        var left = 20

        mutating func next() async throws -> [UInt8]? {
          left -= 1
          if left == 0 { throw Lost() }
          return [UInt8](repeating: 7, count: 1 << 16)
        }
      }

      func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
    }

    @Test(arguments: LiveDaemon.links) func muchContentBothWays(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      let chunks = Chunks(count: 100)
      let entries = try await client.add(.stream(chunks, name: "s"), options: .unpinned).collect()
      let cid = try #require(entries.first?.cid)
      var expected = chunks.makeAsyncIterator()
      var rest: [UInt8] = []
      var count = 0
      var isEqual = true
      for try await part in client.cat(cid) {
        rest += part
        count += part.count
        while rest.count >= Chunks.size {
          isEqual = isEqual && Array(rest.prefix(Chunks.size)) == expected.makeChunk()
          rest.removeFirst(Chunks.size)
        }
      }
      #expect(isEqual && rest.isEmpty && count == 100 * Chunks.size)
    }

    @Test(arguments: LiveDaemon.links) func kindsOfReplies(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      let texts = [Sample.text(), Sample.text()]
      let stats = try await client.block.put(texts.map { .text($0) }).collect()
      #expect(stats.count == 2)
      #expect(try await client.block.get(stats[1].cid).text() == texts[1])
      #expect(try await client.block.stat(stats[0].cid) == stats[0])
      let refused = try await client.block.rm(Sample.absentCID()).collect()
      #expect(refused.first?.error != nil)

      let command = try await failure { try await client.cat("nonsense").collect() }
      #expect(command.code == .errorResponse && command.status == 500 && command.daemonCode == 0)
      let arguments = try await failure { try await client.cat([]).collect() }
      #expect(arguments.code == .status && arguments.status == 400)
      let unknown = try await failure { try await client.files.chroot() }
      #expect(unknown.code == .status && unknown.status == 404)
      // After a part of the reply, it is a trailer.
      let name = Sample.name()
      let trailer = try await failure { try await client.files.rm("/\(name)") }
      #expect(trailer.code == .partialErrorResponse && trailer.reason == .notFound && trailer.message.contains(name))
    }

    @Test(arguments: LiveDaemon.links) func optionsOfTheCallerTakePlaces(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      let cid = try await client.addString("0123456789" + Sample.text(), options: .unpinned)
      #expect(try await client.cat(cid, offset: 2, length: 5, opts: ["length": 3]).text() == "234")
      let other = try await client.block.stat(cid, opts: ["cid-base": "base16", "no-such-option": true])
      #expect(other.cid.multihash == cid.multihash)
      let late = try await failure { try await client.version(opts: ["timeout": "soon"]) }
      #expect(late.code.isStatusError)
      let offline = Client(transport: client.transport, offline: true)
      let error = try await failure { try await offline.cat(Sample.absentCID()).collect() }
      #expect(error.reason == .notLocal)
    }

    @Test(arguments: LiveDaemon.links) func manyAtATime(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      let cids = try await withThrowingTaskGroup { group in
        for number in 0..<200 {
          group.addTask { (number, try await client.block.put(.bytes([UInt8](repeating: UInt8(number), count: 5)))) }
        }
        var cids: [Int: CID] = [:]
        for try await (number, stat) in group { cids[number] = stat.cid }
        return cids
      }
      try await withThrowingTaskGroup { group in
        for (number, cid) in cids {
          group.addTask {
            let bytes = try await client.block.get(cid).collect()
            #expect(bytes == [UInt8](repeating: UInt8(number), count: 5))
          }
        }
        try await group.waitForAll()
      }
    }

    @Test(arguments: LiveDaemon.links) func aReplyThatIsLeftHalfWay(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      let cid = try await client.addBytes(Sample.bytes(2 << 20), options: .unpinned)
      for _ in 0..<5 {
        for try await chunk in client.cat(cid) {
          #expect(!chunk.isEmpty)
          break
        }
      }
      #expect(try await client.cat(cid, offset: (2 << 20) - 1).collect().count == 1)
    }

    @Test(arguments: LiveDaemon.links) func aRequestThatIsLeftHalfWay(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      await #expect(throws: (any Error).self) {
        try await client.add(.stream(Broken(), name: "b"), options: .unpinned).collect()
      }
      #expect(try await !client.version().version.isEmpty)
    }

    @Test(arguments: LiveDaemon.links) func waitingEnds(_ link: LiveDaemon.Link) async throws {
      let client = try LiveDaemon.client(link)
      // The log is silent for most of the time.
      let task = Task {
        while true { _ = try await client.unstable.log.tail(logLevel: "fatal").collect() }
      }
      try await Task.sleep(for: .milliseconds(50))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let error = try await failure {
        try await client.unstable.log.tail(logLevel: "fatal", timeout: Timeouts(connect: 60, read: 0.2)).collect()
      }
      #expect(error.code == .timeout && error.command == "log/tail")
    }
  }
}
