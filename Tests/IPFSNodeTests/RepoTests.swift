import Foundation
import Glibc
import IPFSNode
import IPLD
import Multiformats
import Testing
import UnixFS

@Suite struct RepoTests {
  private static func openingCode(_ repo: TemporaryRepo, _ options: Node.Options = Node.Options()) -> NodeError.Code? {
    do {
      _ = try repo.open(options)
      return nil
    } catch {
      return (error as? NodeError)?.code
    }
  }

  @Test func defaultPathFollowsTheEnvironment() {
    #expect(Repo.defaultPath(environment: ["SWIPFS_PATH": "/a", "XDG_DATA_HOME": "/b", "HOME": "/c"]) == "/a")
    #expect(Repo.defaultPath(environment: ["XDG_DATA_HOME": "/b", "HOME": "/c"]) == "/b/swipfs")
    #expect(Repo.defaultPath(environment: ["XDG_DATA_HOME": "b", "HOME": "/c"]) == "/c/.local/share/swipfs")
  }

  @Test func aRepoInUseNamesItsHolder() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    #expect(Self.openingCode(repo) == .locked(by: getpid()))
    #expect(Self.openingCode(repo, Node.Options(lockPatience: 0.1)) == .locked(by: getpid()))
    try await node.close()
    try await repo.open().close()
  }

  @Test func aRepoThatIsLetGoOfInTimeIsOpened() async throws {
    let repo = try TemporaryRepo()
    let holder = try repo.open()
    async let second = offloaded { try repo.open(Node.Options(lockPatience: 600)) }
    try await holder.close()
    try await second.close()
  }

  private func offloaded(_ body: @escaping @Sendable () throws -> Node) async throws -> Node {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  @Test func aNewerRepoIsLeftAlone() async throws {
    let repo = try TemporaryRepo()
    try await repo.open().close()
    try "2\n".write(toFile: "\(repo.path)/version", atomically: true, encoding: .utf8)
    #expect(Self.openingCode(repo) == .newerRepo)
    try "one\n".write(toFile: "\(repo.path)/version", atomically: true, encoding: .utf8)
    #expect(Self.openingCode(repo) == .unusableRepo)
  }

  @Test func somebodyElsesFolderIsLeftAlone() throws {
    let repo = try TemporaryRepo()
    try "mine".write(toFile: "\(repo.path)/letter.txt", atomically: true, encoding: .utf8)
    #expect(Self.openingCode(repo) == .unusableRepo)
    #expect(!FileManager.default.fileExists(atPath: "\(repo.path)/blocks"))
  }

  @Test func configurationHoldsTheImportOptions() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    #expect(node.profile == .unixfsV1_2025)
    try await node.close()
    func write(_ text: String) throws {
      try text.write(toFile: "\(repo.path)/config", atomically: true, encoding: .utf8)
    }
    try write(
      """
      {"Identity": {"PeerID": "x"}, "Import": {"CidVersion": 0, "UnixFSRawLeaves": false, "UnixFSChunker": "size-262144",
      "UnixFSFileMaxLinks": 174, "UnixFSHAMTDirectorySizeThreshold": "256KiB",
      "UnixFSHAMTDirectorySizeEstimation": "links"}}
      """)
    let old = try repo.open()
    #expect(old.profile == .kuboDefault)
    try await old.close()

    let sharded = try NodeConfiguration(json: Array(#"{"Import": {"UnixFSDirectoryMaxLinks": 100}}"#.utf8)).profile()
    #expect(sharded.sharding.maximumLinks == 100)
    #expect(sharded.sharding.threshold == ImportProfile.unixfsV1_2025.sharding.threshold)

    // Options of the one who opens come first; what they leave open is as in the file.
    var options = ImportOptions()
    options.chunker = .fixed(256)
    options.cidVersion = .v1
    let overridden = try Node.open(path: repo.path, options: Node.Options(importOptions: options))
    #expect(overridden.profile.chunkSize == 256)
    #expect(overridden.profile.cidVersion == .v1)
    #expect(!overridden.profile.rawLeaves)
    #expect(overridden.profile.maxFileLinks == 174)
    #expect(overridden.profile.sharding == ImportProfile.kuboDefault.sharding)
    try await overridden.close()
    try write(
      #"{"Import": {"UnixFSChunker": "rabin-100-200-300", "HashFunction": "blake3", "UnixFSDAGLayout": "trickle"}}"#)
    let other = try repo.open()
    #expect(other.profile.chunker == .rabin(minimum: 100, average: 200, maximum: 300))
    #expect(other.profile.hashFunction == .blake3)
    #expect(other.profile.layout == .trickle)
    try await other.close()
    for unsupported in [
      #"{"Import": {"UnixFSDAGLayout": "flat"}}"#, #"{"Import": {"HashFunction": "blake3", "CidVersion": 0}}"#,
      #"{"Import": {"UnixFSChunker": "gear"}}"#, #"{"Import": {"CidVersion": 2}}"#, #"{"Import": "x"}"#, "{",
      #"{"Import": {"HashFunction": "md5"}}"#, #"{"Import": {"UnixFSFileMaxLinks": 1}}"#,
      #"{"Import": {"UnixFSHAMTDirectorySizeThreshold": "99999999999999GiB"}}"#,
    ] {
      try write(unsupported)
      #expect(Self.openingCode(repo) == .unusableRepo)
    }
  }

  @Test func verifyFindsWhatATreeLacks() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let cid = [1, 2, 3].withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    let file = try node.tree.create(
      "f", in: 1, attributes: .at(1), content: .file(FileContent(DAGRoot(cid: cid, size: 3, tsize: 3))))
    #expect(try await node.verify() == [.missingBlock(cid, of: file.inode, name: "f")])
    try [1, 2, 3].withUnsafeBytes { try node.blockstore.put(cid, $0) }
    _ = try await node.tree.commit()
    #expect(try await node.verify().isEmpty)
    try await node.close()
  }

  /// On a full disk storing fails and leaves nothing, but what frees space works; then storing works again.
  @Test(.enabled(if: geteuid() == 0, "mounts a small volume"))
  func aFullDiskStillLetsFilesBeRemoved() async throws {
    let volume = try TemporaryRepo()
    try #require(mount("tmpfs", volume.path, "tmpfs", 0, "size=24m") == 0)
    defer { umount(volume.path) }
    let node = try Node.open(path: "\(volume.path)/repo")
    let tree = node.tree
    var block = [UInt8](repeating: 0, count: 256 << 10)
    var stored: [CID] = []
    var failure: (any Error)?
    while failure == nil, stored.count < 1000 {
      block[0] = UInt8(stored.count & 0xFF)
      block[1] = UInt8(stored.count >> 8)
      do {
        try block.withUnsafeBytes { data in
          let cid = CID.sha256(of: data, codec: .raw)
          try node.blockstore.put(cid, data)
          stored.append(cid)
        }
        let root = DAGRoot(cid: stored[stored.count - 1], size: 1, tsize: 1)
        _ = try tree.create(
          EntryName("f\(stored.count)"), in: 1, attributes: .at(1), content: .file(FileContent(root)))
      } catch {
        failure = error
      }
    }
    #expect((failure as? BlockError)?.code == .noSpace)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(volume.path)/repo/blocks/.temp").isEmpty)
    // Fill the last page too, so that the journal finds nothing left.
    let filler = "\(volume.path)/filler"
    let file = open(filler, O_WRONLY | O_CREAT, 0o600)
    while write(file, block, 4096) > 0 {}
    close(file)

    let before = try TreeModel(reading: tree)
    for index in 1...stored.count / 2 {
      tree.forget(try tree.remove(EntryName("f\(index)"), in: 1, as: .nonDirectory, at: .at(2)).inode)
    }
    _ = try tree.rename(EntryName("f\(stored.count)"), in: 1, to: "renamed", in: 1, at: .at(3))
    #expect(try TreeModel(reading: tree).nodes.count == before.nodes.count - stored.count / 2)
    // The space that the journal got is not for blocks.
    #expect {
      try [1].withUnsafeBytes { try node.blockstore.put(CID.sha256(of: $0, codec: .raw), $0) }
    } throws: {
      ($0 as? BlockError)?.code == .noSpace
    }
    let survivors = try TreeModel(reading: tree)
    unlink(filler)
    for cid in stored.dropLast(4) {
      unlink("\(volume.path)/repo/blocks/\(BlockPath(multihash: cid.multihashBytes).path)")
    }
    try await node.close()
    let again = try Node.open(path: "\(volume.path)/repo")
    #expect(try TreeModel(reading: again.tree) == survivors)
    #expect(FileManager.default.fileExists(atPath: "\(volume.path)/repo/reserve"))
    try await again.close()
  }
}
