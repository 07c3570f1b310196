import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `cat`, `ls`, `refs`, `resolve` and `dns`.
  struct CatTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.unix) }

    /// A directory with two files and a directory in it.
    private func makeTree() async throws -> (root: CID, file: CID, sub: CID, deep: CID, texts: [String]) {
      let texts = [Sample.text(), Sample.text()]
      let tree = Upload.directory(
        name: "t", [.text(texts[0], name: "file"), .directory(name: "sub", [.text(texts[1], name: "deep")])])
      let entries = try await client.add(tree, options: .unpinned).collect()
      func cid(_ name: String) throws -> CID { try #require(entries.first { $0.name == name }).cid }
      return (try cid("t"), try cid("t/file"), try cid("t/sub"), try cid("t/sub/deep"), texts)
    }

    // MARK: cat

    @Test func partsOfAFile() async throws {
      let bytes = Sample.bytes(600_000)
      let cid = try await client.addBytes(bytes, options: .fixed)
      #expect(try await client.cat(cid, offset: 262_140, length: 10).collect() == Array(bytes[262_140..<262_150]))
      #expect(try await client.cat("/ipfs/\(cid)", offset: 599_990).collect() == Array(bytes[599_990...]))
      #expect(try await client.cat(cid, offset: 599_990, length: 100).collect() == Array(bytes[599_990...]))
      #expect(try await client.cat(cid, length: 0).collect().isEmpty)
      #expect(try await client.cat(cid, offset: 600_001).collect().isEmpty)
      var count = 0
      for try await chunk in client.cat(cid) { count += chunk.count }
      #expect(count == 600_000)
    }

    @Test func severalFilesOneBehindTheOther() async throws {
      let tree = try await makeTree()
      let whole = tree.texts[0] + tree.texts[1]
      let paths: [any ContentPath] = [tree.file, "/ipfs/\(tree.root)/sub/deep"]
      #expect(try await client.cat(paths).text() == whole)
      let part = try await client.cat(paths, offset: 10, length: Int64(tree.texts[0].utf8.count)).text()
      #expect(part == String(whole.dropFirst(10).prefix(tree.texts[0].utf8.count)))
    }

    @Test func whatCannotBeReadIsAnError() async throws {
      let tree = try await makeTree()
      let directory = try await failure { try await client.cat(tree.root).collect() }
      #expect(directory.code == .errorResponse && directory.reason == .isADirectory && directory.command == "cat")
      let missing = try await failure { try await client.cat("\(tree.root)/nope").collect() }
      #expect(missing.reason == .notFound && missing.message.contains(#"no link named "nope""#))
      let nonsense = try await failure { try await client.cat("nonsense").collect() }
      #expect(nonsense.code == .errorResponse && nonsense.message.contains("invalid path"))
      let negative = try await failure { try await client.cat(tree.file, offset: -1).collect() }
      #expect(negative.message == "cannot specify negative offset")
      let none = try await failure { try await client.cat([]).collect() }
      #expect(none.code == .status && none.status == 400)
    }

    @Test func contentThatNobodyHasIsAnError() async throws {
      let cid = Sample.absentCID()
      let offline = try await failure { try await client.cat(cid, offline: true).collect() }
      #expect(offline.reason == .notLocal && offline.message.contains(cid.description))
      // With peers to ask, the daemon looks for it until its own time is over.
      let late = try await failure { try await client.cat(cid, opts: ["timeout": "1s"]).collect() }
      #expect(late.reason == .notLocal || late.reason == .deadlineExceeded)
    }

    // MARK: ls

    @Test func directoriesAreListed() async throws {
      let tree = try await makeTree()
      let listings = try await client.ls(tree.root, "/ipfs/\(tree.root)/sub").collect()
      #expect(listings.count == 2)
      #expect(listings.map { $0.links.map(\.name) } == [["file", "sub"], ["deep"]])
      let links = try #require(listings.first?.links)
      #expect(links.map(\.kind) == [.file, .directory] && links.map(\.cid) == [tree.file, tree.sub])
      #expect(links.map(\.size) == [UInt64(tree.texts[0].utf8.count), 0])

      let streamed = try await client.ls(tree.root, stream: true).collect()
      #expect(streamed.flatMap(\.links) == links)
      let bare = try await client.ls(tree.root, resolveType: false, size: false).collect()
      #expect(bare.first?.links.map(\.name) == ["file", "sub"])
      // Without looking at them, no kind is known. Raw blocks need no look.
      #expect(bare.first?.links.last?.kind == .raw && bare.first?.links.last?.size == 0)
      let file = try await client.ls(tree.file).collect()
      #expect(file.count == 1 && file.first?.links.isEmpty == true)
    }

    @Test func whatCannotBeListedIsAnError() async throws {
      let absent = try await failure { try await client.ls(Sample.absentCID(), offline: true).collect() }
      #expect(absent.reason == .notLocal)
      let tree = try await makeTree()
      let missing = try await failure { try await client.ls("\(tree.root)/sub/nope").collect() }
      #expect(missing.reason == .notFound)
    }

    // MARK: refs

    @Test func linksAreFound() async throws {
      let tree = try await makeTree()
      #expect(try await client.unstable.refs(tree.root).collect().map(\.cid) == [tree.file, tree.sub])
      let all = try await client.unstable.refs(tree.root, unique: true, recursive: true).collect()
      #expect(all.map(\.cid) == [tree.file, tree.sub, tree.deep] && all.allSatisfy { $0.error == nil })
      let shallow = try await client.unstable.refs(tree.root, recursive: true, maxDepth: 1).collect()
      #expect(shallow.map(\.cid) == [tree.file, tree.sub])
      let edges = try await client.unstable.refs(tree.sub, edges: true).collect()
      #expect(edges.map(\.ref) == ["\(tree.sub) -> \(tree.deep)"])
      let named = try await client.unstable.refs(tree.root, format: "<linkname>: <dst>").collect()
      #expect(named.map(\.ref) == ["file: \(tree.file)", "sub: \(tree.sub)"])
      let both = try await failure {
        try await client.unstable.refs(tree.root, format: "<linkname>", edges: true).collect()
      }
      #expect(both.code == .errorResponse)
    }

    @Test func blocksOfTheStoreAreListed() async throws {
      let bytes = Sample.bytes(100)
      let cid = try await client.addBytes(bytes, options: .fixed)
      var isFound = false
      for try await ref in client.unstable.refs.local() {
        #expect(ref.error == nil)
        // Those of other codecs are given as raw ones.
        isFound = isFound || ref.cid == cid
      }
      #expect(isFound)
    }

    // MARK: resolve

    @Test func pathsAreResolved() async throws {
      let tree = try await makeTree()
      #expect(try await client.resolve("/ipfs/\(tree.root)/sub/deep") == "/ipfs/\(tree.deep)")
      #expect(try await client.resolve(tree.root, recursive: nil) == "/ipfs/\(tree.root)")
      let missing = try await failure { try await client.resolve("/ipfs/\(tree.root)/nope") }
      #expect(missing.reason == .notFound)
      let absent = try await failure { try await client.resolve("/ipfs/\(Sample.absentCID(.dagPB))/x", offline: true) }
      #expect(absent.reason == .notLocal, "\(absent)")
    }

    @Test func aNameThatIsNotThereIsNotResolved() async throws {
      let name = try await client.withKey { $0.id }
      let unknown = try await failure {
        try await client.resolve("/ipns/\(name)", offline: true, opts: ["timeout": "10s"])
      }
      #expect(unknown.code == .errorResponse && unknown.reason == .routingNotFound)
      // The name of a domain that never is.
      let domain = try await failure {
        try await client.dns("\(Sample.name()).invalid", offline: true, opts: ["timeout": "10s"])
      }
      #expect(domain.code.isStatusError && domain.reason != .unknownCommand)
    }
  }
}
