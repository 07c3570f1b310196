import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `repo/…`.
  struct RepoTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.tcp) }

    @Test func sizesAndVersions() async throws {
      _ = try await client.block.put(.bytes(Sample.bytes(10_000)))
      let stat = try await client.repo.stat()
      #expect(stat.numObjects > 0 && stat.repoSize >= 10_000 && !stat.repoPath.isEmpty)
      let version = try await client.repo.version()
      #expect(stat.version == "fs-repo@\(version)" && Int(version) != nil)
      #expect(try await client.version().repo == version)
      let size = try await client.repo.stat(sizeOnly: true)
      #expect(size.numObjects == 0 && size.repoPath.isEmpty && size.repoSize >= 10_000)
      #expect(size.storageMax == stat.storageMax)
      // The same by its other name.
      #expect(try await client.stats.repo().repoPath == stat.repoPath)
      #expect(try await client.stats.repo(sizeOnly: true).numObjects == 0)
    }

    @Test func allBlocksAreListed() async throws {
      let put = try await client.block.put(.bytes(Sample.bytes(100)))
      var isFound = false
      for try await cid in client.repo.ls() { isFound = isFound || cid == put.cid }
      #expect(isFound)
    }

    /// No block may go while all are read.
    @Test(.aloneWithBlocks) func allBlocksAreVerified() async throws {
      _ = try await client.block.put(.bytes(Sample.bytes(100)))
      var last: Client.Repo.VerifyProgress?
      var count = 0
      // Another's store may be large.
      for try await progress in client.repo.verify() {
        last = progress
        count += 1
        if count > 2_000 { return }
        #expect(progress.progress == count || !progress.message.isEmpty)
      }
      #expect(last?.message == "verify complete, all blocks validated." && count > 1)
    }

    /// It removes what other tests have not pinned, so it runs alone; and all that nobody has pinned on the daemon.
    @Test(.aloneWithBlocks) func whatNothingNeedsIsCollected() async throws {
      try await client.withDirectory { directory in
        let kept = try await client.addString(Sample.text())
        let (linked, loose) = (
          try await client.addBytes(Sample.bytes(300_000), options: .fixed),
          try await client.addBytes(Sample.bytes(300_000), options: .fixed)
        )
        try await client.files.cp(linked, to: "\(directory)/f")
        try await tidying {
          try await client.pin.rm(kept)
        } after: {
          let collected = try await client.repo.gc().collect()
          #expect(collected.allSatisfy { $0.error == nil })
          let digests = Set(collected.compactMap { $0.cid?.multihash })
          #expect(digests.contains(loose.multihash))
          #expect(!digests.contains(kept.multihash) && !digests.contains(linked.multihash))
          let gone = try await failure { try await client.cat(loose, offline: true).collect() }
          #expect(gone.reason == .notLocal)
          #expect(try await client.cat(kept, offline: true).text().hasPrefix("swipfs-live-"))
          #expect(try await client.files.read("\(directory)/f").collect().count == 300_000)
        }
        let silent = try await client.addBytes(Sample.bytes(100), options: .fixed)
        #expect(try await client.repo.gc(silent: true).collect().isEmpty)
        let error = try await failure { try await client.block.stat(silent, offline: true) }
        #expect(error.reason == .notLocal)
        let again = try await client.repo.gc(quiet: true, streamErrors: true).collect()
        #expect(!again.contains { $0.cid?.multihash == silent.multihash })
      }
    }

    /// What Kubo has no commands for. It removes what nobody has pinned.
    @Test(.aloneWithBlocks) func commandsOfOurOwn() async throws {
      guard LiveDaemon.namedAddress == nil else {
        // A node of ours may be asked here, too.
        do {
          #expect(try await client.swipfs.stat().bytes >= 0)
        } catch let error as ClientError {
          #expect(error.reason == .unknownCommand)
        }
        return
      }
      let loose = try await client.addBytes(Sample.bytes(1_000), options: .fixed)
      let kept = try await client.addString(Sample.text())
      try await tidying {
        try await client.pin.rm(kept)
      } after: {
        let before = try await client.swipfs.stat()
        #expect(before.blocks >= 2 && before.bytes > 1_000 && before.pins >= 1 && before.freeBytes > 0)
        guard case .done(let collection)? = try await client.swipfs.gc().collect().last else {
          Issue.record("no result")
          return
        }
        #expect(collection.blocksRemoved >= 1 && collection.blocksKept >= 1)
        let error = try await failure { try await client.block.stat(loose, offline: true) }
        #expect(error.reason == .notLocal)
        let events = try await client.swipfs.verify().collect()
        guard case .done(let blocks, _)? = events.last else {
          Issue.record("no result")
          return
        }
        #expect(blocks >= 1 && !events.contains { if case .finding = $0 { true } else { false } })
      }
    }
  }
}
