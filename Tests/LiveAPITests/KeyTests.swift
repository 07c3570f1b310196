import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `key/…`.
  struct KeyTests {
    /// PKCS #8 as OpenSSL writes it, of the seed 1, 2, … 32.
    private static let pem = """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g
      -----END PRIVATE KEY-----

      """
    /// The example of <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
    private static let serialized = """
      f080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d\
      1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e
      """

    let client: Client

    init() throws { client = try LiveDaemon.client(.unix) }

    @Test func aKeyIsMadeListedRenamedAndRemoved() async throws {
      let (name, newName) = (Sample.name(), Sample.name())
      let made = try await client.key.gen(name)
      try await tidying {
        for name in [name, newName] { _ = try? await client.key.rm(name) }
      } after: {
        // An identifier of Ed25519 in base 36.
        #expect(made.name == name && made.id.hasPrefix("k51"))
        let listed = try await client.key.list()
        #expect(listed.contains(made) && listed.contains { $0.name == "self" })
        let other = try await client.key.list(long: true, ipnsBase: "b58mh")
        #expect(other.first { $0.name == name }?.id.hasPrefix("12D3KooW") == true)

        let renamed = try await client.key.rename(name, to: newName)
        #expect(renamed.was == name && renamed.now == newName && renamed.id == made.id && !renamed.overwrite)
        #expect(try await client.key.list().contains { $0.name == name } == false)
        let removed = try await client.key.rm(newName)
        #expect(removed.map(\.name) == [newName] && removed.map(\.id) == [made.id])
        let again = try await failure { try await client.key.rm(newName) }
        #expect(again.code == .errorResponse && again.reason == .notFound)
        #expect(again.message == "no key named \(newName) was found")
      }
    }

    @Test func keysOfRSA() async throws {
      let name = Sample.name()
      let made = try await client.key.gen(name, type: "rsa", size: 2048, ipnsBase: "b58mh")
      try await tidying {
        try await client.key.rm(name)
      } after: {
        #expect(made.id.hasPrefix("Qm") && made.id.count == 46)
        let signature = try await client.key.sign(.text("data"), key: name)
        #expect(try await client.key.verify(.text("data"), signature: signature.signature, key: name).isValid)
      }
    }

    @Test func aNameInUseIsReplacedOnlyByForce() async throws {
      try await client.withKey { first in
        let second = try await client.key.gen(Sample.name(), type: "ed25519")
        try await tidying {
          _ = try? await client.key.rm(second.name)
        } after: {
          let twice = try await failure { try await client.key.gen(first.name) }
          #expect(twice.reason == .alreadyExists && twice.message == "key with name '\(first.name)' already exists")
          let refused = try await failure { try await client.key.rename(second.name, to: first.name) }
          #expect(refused.reason == .alreadyExists)
          let forced = try await client.key.rename(second.name, to: first.name, force: true)
          #expect(forced.overwrite && forced.id == second.id)
          #expect(try await client.key.list().first { $0.name == first.name }?.id == second.id)
        }
      }
    }

    @Test func theDaemonsOwnKeyStays() async throws {
      #expect(try await failure { try await client.key.gen("self") }.message == "cannot create key with name 'self'")
      let name = Sample.name()
      let renamed = try await failure { try await client.key.rename("self", to: name) }
      #expect(renamed.message == "cannot rename key with name 'self'")
      #expect(try await failure { try await client.key.rm("self") }.message == "cannot remove key with name 'self'")
      let missing = try await failure { try await client.key.rename(name, to: Sample.name()) }
      #expect(missing.reason == .notFound)
      let own = try await client.key.list(ipnsBase: "b58mh").first { $0.name == "self" }
      #expect(try await client.id().id == own?.id)
    }

    @Test func keysAreImported() async throws {
      let names = [Sample.name(), Sample.name()]
      try await tidying {
        for name in names { _ = try? await client.key.rm(name) }
      } after: {
        let pem = try await client.key.import(
          names[0], .text(Self.pem), format: "pem-pkcs8-cleartext", ipnsBase: "b58mh")
        #expect(pem.name == names[0] && pem.id == "12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf")
        let bytes = try Multibase.decode(Self.serialized).bytes
        let binary = try await client.key.import(names[1], .bytes(bytes), allowAnyKeyType: true)
        #expect(binary.id.hasPrefix("k51"))
        #expect(try await client.key.list().contains(binary))
        let twice = try await failure { try await client.key.import(names[1], .bytes(bytes)) }
        #expect(twice.reason == .alreadyExists)
      }
      let nonsense = try await failure { try await client.key.import(Sample.name(), .text("nonsense")) }
      #expect(nonsense.code == .errorResponse)
    }

    @Test func bytesAreSignedAndVerified() async throws {
      try await client.withKey { key in
        let bytes = Sample.bytes(1_000)
        let signature = try await client.key.sign(.bytes(bytes), key: key.name)
        #expect(signature.key.id == key.id)
        #expect(try Multibase.decode(signature.signature).bytes.count == 64)
        let right = try await client.key.verify(.bytes(bytes), signature: signature.signature, key: key.name)
        #expect(right.isValid && right.key.id == key.id)
        #expect(try await client.key.verify(.bytes(bytes), signature: signature.signature, key: key.id).isValid)
        let wrong = try await client.key.verify(.bytes(bytes + [0]), signature: signature.signature, key: key.name)
        #expect(!wrong.isValid)
        let own = try await client.key.sign(.bytes(bytes))
        #expect(try await client.key.verify(.bytes(bytes), signature: own.signature).isValid)
        #expect(try await !client.key.verify(.bytes(bytes), signature: own.signature, key: key.name).isValid)
      }
      let missing = try await failure { try await client.key.sign(.text("x"), key: Sample.name()) }
      #expect(missing.code == .errorResponse)
    }

    @Test func keysAreExportedToTheirOwnerAtMost() async throws {
      let remote = try LiveDaemon.client(.tcp)
      let error = try await failure { try await remote.key.export("self").collect() }
      #expect(error.code == .status && error.reason == .unknownCommand && error.command == "key/export")
      try await client.withKey { key in
        let bytes: [UInt8]
        do {
          bytes = try await client.key.export(key.name).collect()
        } catch let error as ClientError where error.reason == .unknownCommand {
          // Kubo does this on its command line alone.
          return
        }
        let name = Sample.name()
        let copy = try await client.key.import(name, .bytes(bytes))
        try await client.key.rm(name)
        #expect(copy.id == key.id)
      }
    }
  }
}
