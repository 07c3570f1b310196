import ArgumentParser
import IPFSClient
import IPFSMount
import IPFSNode

/// `swipfs repo`: what there is to do with a repo.
struct RepoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repo", abstract: "Check a repo, remove what nobody needs, tell what it holds, move it to a daemon.",
    subcommands: [GC.self, Stat.self, Verify.self, Migrate.self, List.self, Version.self, Path.self])

  /// `swipfs repo path`.
  struct Path: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print where the embedded node's repo is.")

    @OptionGroup(title: "Node") var options: NodeOptions

    func run() throws {
      try Output.line(options.repo.map(MountOptions.absolute) ?? IPFSNode.Repo.defaultPath())
    }
  }

  /// `swipfs repo gc`.
  struct GC: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove blocks that neither files nor pins need.",
      discussion: "The repo may be mounted. A mount does this by itself when there is much to remove, or little space.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: .shortAndLong, help: "Print the CIDs of what is removed, and nothing else.") var quiet = false

    func perform(_ session: Session) async throws {
      guard !quiet else { return try await list(session) }
      let bar = Progress("collecting", .things("blocks removed"))
      defer { bar.finish() }
      do {
        for try await event in session.client.swipfs.gc() {
          switch event {
          case .progress(let marked, let swept, let removed):
            bar.set(done: UInt64(max(0, removed)), note: "\(marked) in use, \(swept) looked at")
          case .done(let result): try show(result)
          }
        }
      } catch let error as ClientError where error.reason == .unknownCommand {
        // Kubo tells what it removes, but not how much that was.
        var count = 0
        for try await collected in session.client.repo.gc(streamErrors: true) {
          if let error = collected.error { throw CommandError(.refused, error) }
          count += 1
          bar.advance(by: 1)
        }
        bar.finish()
        try Output.line(format.json ? #"{"blocksRemoved":\#(count)}"# : "\(count) blocks removed")
      }
    }

    private func show(_ result: Client.Swipfs.Collection) throws {
      guard format.json else {
        return try Output.line(
          "\(result.blocksRemoved) blocks removed (\(result.bytesFreed) bytes), \(result.blocksKept) kept")
      }
      try Output.line([
        "blocksRemoved": JSONField(result.blocksRemoved), "bytesFreed": .unsigned(result.bytesFreed),
        "blocksKept": JSONField(result.blocksKept), "bytesKept": .unsigned(result.bytesKept),
      ])
    }

    private func list(_ session: Session) async throws {
      for try await collected in session.client.repo.gc() {
        guard let cid = collected.cid else { continue }
        if format.json {
          try Output.line(["cid": session.field(cid)])
        } else {
          try Output.line(session.text(cid))
        }
      }
    }
  }

  /// `swipfs repo stat`.
  struct Stat: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Tell what the repo holds.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var sizes: SizeOptions

    func perform(_ session: Session) async throws {
      do {
        try show(await session.client.swipfs.stat())
      } catch let error as ClientError where error.reason == .unknownCommand {
        try show(await session.client.repo.stat())
      }
    }

    private func bytes(_ count: UInt64) -> String { sizes.human ? sizes.text(count) : "\(count) bytes" }

    private func show(_ stat: Client.Swipfs.Storage) throws {
      guard format.json else {
        return try Output.lines(
          """
          repo      \(stat.repoPath)
          stored    \(stat.blocks) blocks, \(bytes(stat.bytes))
          garbage   \(bytes(stat.estimatedGarbage)), estimated
          pins      \(stat.pins)
          free      \(bytes(stat.freeBytes))
          """)
      }
      try Output.line([
        "blocks": JSONField(stat.blocks), "bytes": .unsigned(stat.bytes),
        "estimatedGarbage": .unsigned(stat.estimatedGarbage), "freeBytes": .unsigned(stat.freeBytes),
        "pins": JSONField(stat.pins), "repo": .text(stat.repoPath),
      ])
    }

    private func show(_ stat: Client.Repo.Stat) throws {
      guard format.json else {
        return try Output.lines(
          """
          repo      \(stat.repoPath)
          stored    \(stat.numObjects) blocks, \(bytes(stat.repoSize))
          limit     \(stat.storageMax.map { bytes($0) } ?? "none")
          version   \(stat.version)
          """)
      }
      try Output.line([
        "blocks": .unsigned(stat.numObjects), "bytes": .unsigned(stat.repoSize),
        "storageMax": JSONField(stat.storageMax), "version": .text(stat.version), "repo": .text(stat.repoPath),
      ])
    }
  }

  /// `swipfs repo verify`.
  struct Verify: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every block against its hash, the tree, and the pins.",
      discussion: "The repo may be mounted. Prints a line for each finding; ends with 4 if there was one.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      let bar = Progress("checking", .things("blocks"))
      defer { bar.finish() }
      var findings: [String] = []
      do {
        for try await event in session.client.swipfs.verify() {
          switch event {
          case .progress(let blocks, let nodes): bar.set(done: UInt64(max(0, blocks)), note: "\(nodes) nodes")
          case .finding(let text): findings.append(text)
          case .done(let blocks, let nodes): try show(blocks, nodes, findings)
          }
        }
      } catch let error as ClientError where error.reason == .unknownCommand {
        try await verifyKubo(session, bar)
      }
    }

    private func show(_ blocks: Int, _ nodes: Int, _ findings: [String]) throws {
      if format.json {
        try Output.line(["blocks": JSONField(blocks), "findings": JSONField(findings), "nodes": JSONField(nodes)])
      } else {
        for finding in findings { try Output.line(finding) }
      }
      guard findings.isEmpty else {
        throw CommandError(.data, "\(findings.count) findings: write the same bytes again, or import them, to mend it")
      }
      if !format.json { try Output.line("\(blocks) blocks and \(nodes) nodes checked: all is well") }
    }

    /// Kubo checks blocks alone, and tells of each.
    private func verifyKubo(_ session: Session, _ bar: Progress) async throws {
      var blocks = 0
      var findings: [String] = []
      do {
        for try await event in session.client.repo.verify() {
          blocks = max(blocks, event.progress)
          bar.set(done: UInt64(max(0, event.progress)))
          if !event.message.isEmpty, event.progress == 0 { findings.append(event.message) }
        }
      } catch let error as ClientError where error.code == .partialErrorResponse && !findings.isEmpty {
        // It says only that there were some.
      }
      bar.finish()
      findings.removeAll { $0.hasPrefix("verify complete") }
      try show(blocks, 0, findings)
    }
  }

  /// `swipfs repo ls`.
  struct List: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List the CIDs of all blocks that the node has.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      for try await cid in session.client.repo.ls() {
        if format.json { try Output.line(["ref": session.field(cid)]) } else { try Output.line(session.text(cid)) }
      }
    }
  }

  /// `swipfs repo version`.
  struct Version: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version of the repo's format.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      let version = try await session.client.repo.version()
      if format.json { try Output.line(["version": .text(version)]) } else { try Output.line(version) }
    }
  }
}
