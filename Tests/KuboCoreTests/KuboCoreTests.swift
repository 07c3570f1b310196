import Glibc
import IPFSNode
import MountTestSupport
import Multiformats
import Testing

/// A real Kubo core and a mount agree on CIDs, and each reads what the other one has stored.
@Suite(.oneAtATime(minutes: 12), .serialized, .enabled(if: canMount && KuboCore.canIsolate))
struct KuboCoreTests {
  /// Import options, as the repo's configuration has them.
  struct Import: CustomTestStringConvertible {
    let testDescription: String
    /// The section `Import` of the configuration.
    let section: String

    /// What Kubo does without options.
    static let kuboDefault = Import(
      testDescription: "Kubo's defaults",
      section: """
        {"CidVersion": 0, "UnixFSRawLeaves": false, "UnixFSChunker": "size-262144", "UnixFSFileMaxLinks": 174,
        "UnixFSHAMTDirectorySizeEstimation": "links"}
        """)

    static let all = [
      kuboDefault,
      Import(testDescription: "a mount's defaults", section: "{}"),
      Import(
        testDescription: "deep DAGs", section: #"{"UnixFSChunker": "size-1000", "UnixFSFileMaxLinks": 3}"#),
      Import(
        testDescription: "narrow shards",
        section: #"{"UnixFSHAMTDirectoryMaxFanout": 8, "UnixFSHAMTDirectorySizeThreshold": "1KiB"}"#),
    ]
  }

  /// Mounts a new repo with import options, copies a tree to it, and runs `body`; then the mount is gone and the repo
  /// sound.
  private func withCopy(
    of tree: String, in folder: TemporaryFolder, _ options: Import, _ body: (Mount) throws -> Void
  ) throws -> Mount {
    let mount = try Mount(in: folder.path)
    defer { mount.discard() }
    try check(mkdir(mount.repo, 0o700))
    try write(Array(#"{"Import": \#(options.section)}"#.utf8), to: "\(mount.repo)/config")
    try mount.start()
    try mount.shell("cp -a '\(tree)/.' \"$m\"")
    try body(mount)
    try mount.stop()
    try mount.verify()
    return mount
  }

  /// Kubo, with our blocks for its own, finds every block of a tree and writes all of it out, byte for byte the same.
  /// With its default options the CIDs of all files and folders are its own as well.
  @Test(arguments: Import.all)
  func kuboReadsOurBlocks(_ options: Import) throws {
    try withTemporaryFolder { folder in
      let isDefault = options.testDescription == Import.kuboDefault.testDescription
      let tree = "\(folder.path)/tree"
      try KuboCore.makeTree(tree, large: isDefault)
      var root = ""
      let mount = try withCopy(of: tree, in: folder, options) { mount in
        root = try cid(mount.path)
        try KuboCore.noteCIDs(of: mount.path, in: "\(folder.path)/cids")
        if isDefault {
          try KuboCore(repo: folder.makeFolder("kubo-import")).compareCIDs(of: tree, with: mount.path)
        }
      }
      let kubo = KuboCore(repo: try folder.makeFolder("kubo"))
      try check(symlink("\(mount.repo)/blocks", "\(kubo.repo)/blocks"))
      try kubo.writeOut("\(folder.path)/cids", to: "\(folder.path)/out", expected: tree)

      // Kubo has used the folder, and left things there. It is none the worse for that.
      try mount.verify()
      try mount.start()
      defer { mount.discard() }
      #expect(try cid(mount.path) == root)
      try KuboCore.compare(tree, mount.path)
      try mount.stop()
    }
  }

  /// The node, with Kubo's blocks for its own, reads a tree that Kubo has added.
  @Test func weReadKubosBlocks() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let tree = "\(folder.path)/tree"
    try KuboCore.makeTree(tree, large: true)
    let kubo = KuboCore(repo: try folder.makeFolder("kubo"))
    let root = try CID(kubo.add(tree))

    let repo = try folder.makeFolder("repo")
    try Shell.run("cp -r '\(kubo.repo)/blocks' '\(repo)/blocks'")
    let node = try Node.open(path: repo)
    try await TreeWriter(source: node.blockstore).write(root, to: "\(folder.path)/out")
    try await node.close()
    try KuboCore.compare(tree, "\(folder.path)/out")
    try Shell.run("'\(Binaries.swipfs)' repo verify --repo '\(repo)'")
  }
}
