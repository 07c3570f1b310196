import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount

/// `swipfs key`: the key pairs that the node signs names with.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Work with the key pairs that the node signs names with.",
    subcommands: [
      Generate.self, List.self, Rename.self, Remove.self, Import.self, Export.self,
    ])

  /// How identifiers are written.
  struct BaseOptions: ParsableArguments {
    @Option(help: "How identifiers are written: base36, b58mh, …") var ipnsBase: String?
  }

  /// `swipfs key gen`.
  struct Generate: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "gen", abstract: "Make a key pair.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var base: BaseOptions
    @Option(name: .shortAndLong, help: "ed25519 or rsa.") var type: String?
    @Option(name: .shortAndLong, help: "Bits of an RSA key.") var size: Int?
    @Argument(help: "A name for it.") var name: String

    func perform(_ session: Session) async throws {
      let key = try await session.client.key.gen(name, type: type, size: size, ipnsBase: base.ipnsBase)
      try show(key, json: format.json)
    }
  }

  /// `swipfs key list`.
  struct List: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List key pairs.", aliases: ["ls"])

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var base: BaseOptions
    @Flag(name: .shortAndLong, help: "Show identifiers, too.") var long = false

    func perform(_ session: Session) async throws {
      for key in try await session.client.key.list(ipnsBase: base.ipnsBase) {
        if format.json {
          try Output.line(["name": .text(key.name), "id": .text(key.id)])
        } else {
          try Output.line(long ? "\(key.id) \(key.name)" : key.name)
        }
      }
    }
  }

  /// `swipfs key rename`.
  struct Rename: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Give a key pair another name.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Flag(name: .shortAndLong, help: "Replace another one of that name.") var force = false
    @Argument(help: "The name that it has.") var name: String
    @Argument(help: "The name that it gets.") var newName: String

    func perform(_ session: Session) async throws {
      let renaming = try await session.client.key.rename(name, to: newName, force: force)
      try Output.line("\(renaming.id) is now \(renaming.now)" + (renaming.overwrite ? ", in place of another" : ""))
    }
  }

  /// `swipfs key rm`.
  struct Remove: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "rm", abstract: "Remove key pairs. Names that they sign are lost with them.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Argument(help: "Their names.") var names: [String]

    func perform(_ session: Session) async throws {
      for name in names {
        for key in try await session.client.key.rm(name) { try Output.line("\(key.id) \(key.name)") }
      }
    }
  }

  /// `swipfs key import`.
  struct Import: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Store a key pair.", discussion: "Kubo takes keys on its own command line alone: `ipfs key import`.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var output: FormatOptions
    @OptionGroup var base: BaseOptions
    @Option(name: .shortAndLong, help: "libp2p-protobuf-cleartext or pem-pkcs8-cleartext.") var format: String?
    @Flag(help: "It may be of a type that `gen` does not make.") var allowAnyKeyType = false
    @Argument(help: "A name for it.") var name: String
    @Argument(help: "The file with the private key; - for standard input.", completion: .file()) var file: String

    func perform(_ session: Session) async throws {
      let key = try await session.client.key.import(
        name, try Upload.input(file), format: format, allowAnyKeyType: allowAnyKeyType, ipnsBase: base.ipnsBase)
      try show(key, json: output.json)
    }
  }

  /// `swipfs key export`.
  struct Export: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Save a private key in a file that only you can read.",
      discussion: "Kubo gives keys on its own command line alone: `ipfs key export`.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Option(name: .shortAndLong, help: "The file; NAME.key or NAME.pem without it, - prints it.", completion: .file())
    var output: String?
    @Option(name: .shortAndLong, help: "libp2p-protobuf-cleartext or pem-pkcs8-cleartext.") var format: String?
    @Argument(help: "The key pair's name.") var name: String

    func perform(_ session: Session) async throws {
      let bytes = try await session.client.key.export(name, format: format).collect()
      let isPEM = format?.hasPrefix("pem") == true
      let target = output ?? "\(name.replacing("/", with: "_")).\(isPEM ? "pem" : "key")"
      guard !OutputFile.isStandardOutput(target) else { return try Output.write(bytes) }
      try await OutputFile.write(to: target, permissions: 0o600) { try $0.write(bytes) }
    }
  }
}

/// Prints a key pair that was made or stored.
private func show(_ key: Client.Key.Entry, json: Bool) throws {
  if json { try Output.line(["name": .text(key.name), "id": .text(key.id)]) } else { try Output.line(key.id) }
}
