import Foundation
import IPFSClient
import Multiformats

/// The examples of the documents, so that the compiler sees them: DocumentationTests compares.
enum Examples {
  static func connect() async throws {
    let client = try await Client.connect()
    let cid = try await client.addString("hello")
    print(try await client.cat(cid).text())
    await client.close()
  }

  static func overview() async throws {
    let client = try await Client.connect()
    let cid = try await client.addString("hello")
    let text = try await client.cat(cid).text()
    try await client.files.cp("/ipfs/\(cid)", to: "/hello")
    await client.close()
    print(text)
  }

  static func remoteConnect(_ token: String) async throws {
    let configuration = ClientConfiguration(
      address: "/dns/ipfs.example.com/tcp/443/https", authorization: .bearer(token: token),
      timeouts: Timeouts(connect: 5, read: 60),
      tls: ClientConfiguration.TLS(trustedCertificates: "/etc/ssl/own-authority.pem"))
    let client = try await Client.connect(configuration: configuration)
    await client.close()
  }

  static func progress(_ client: Client) async throws {
    let options = AddOptions(cidVersion: 1)
    for try await event in client.addWithProgress("photos", recursive: true, options: options) {
      switch event {
      case .progress(let name, let bytes): print("\(name): \(bytes) bytes")
      case .added(let entry): print("\(entry.name) is \(entry.cid)")
      }
    }
  }

  static func noFiles(_ client: Client, _ image: [UInt8]) async throws {
    let page = Upload.directory(
      name: "page", [.text("<h1>Hello</h1>", name: "index.html"), .bytes(image, name: "a.png")])
    let entries = try await client.add(page).collect()
    let cid = try await client.addString("hello")
    print(entries, cid)
  }

  static func read(_ client: Client, _ cid: CID, _ target: URL) async throws {
    let text = try await client.cat("/ipfs/\(cid)/index.html").text()
    let beginning = try await client.cat(cid, offset: 0, length: 16).collect()
    print(text, beginning)

    let file = try FileHandle(forWritingTo: target)
    for try await chunk in client.cat(cid) { try file.write(contentsOf: chunk) }
    try file.close()

    let path = try await client.get(cid, to: "/tmp", name: "photos")  // "/tmp/photos"
    print(path)
  }

  static func keep(_ client: Client, _ cid: CID) async throws {
    try await client.pin.add(cid, name: "holiday")
    for try await pin in client.pin.ls(type: .recursive, names: true) where pin.name == "holiday" { print(pin.cid) }

    try await client.files.mkdir("/notes", parents: true)
    try await client.files.write("/notes/today.txt", .text("Sea\n"), create: true, truncate: true)
    try await client.files.cp(cid, to: "/notes/photos")
    for entry in try await client.files.ls("/notes", long: true) { print(entry.name, entry.kind, entry.size) }
    let notes = try await client.files.stat("/notes").cid

    let block = try await client.block.stat(cid, offline: true, opts: ["timeout": "5s"], timeout: 10)
    print(notes, block)
  }

  static func errors(_ client: Client, _ cid: CID) async throws {
    do {
      print(try await client.files.read("/notes/tomorrow.txt").text())
    } catch let error as ClientError where error.reason == .notFound {
      print("there are no notes")
    } catch let error as ClientError where error.code.isCommunicationError {
      print("\(error.command ?? "") failed: \(error.message)")
    }

    func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
      for seconds in [1, 2, 4] {
        do {
          return try await body()
        } catch let error as ClientError where error.code == .connection || error.code == .timeout {
          try await Task.sleep(for: .seconds(seconds))
        }
      }
      return try await body()
    }
    _ = try await retrying { try await client.pin.add(cid) }
  }

  static func session(_ client: Client) async throws {
    let version = try await client.withSession { client in
      print(try await client.id().agentVersion)
      return try await client.version().version
    }
    print(version)
  }

  static func dag(_ client: Client, _ file: CID) async throws {
    struct Photo: Codable {
      let title: String
      let file: JSONLink
    }
    let cid = try await client.dag.putJSON(Photo(title: "Sea", file: JSONLink(file)))
    let photo = try await client.dag.getJSON(cid, as: Photo.self)
    print(photo)
  }

  static func get(_ client: Client, _ cid: CID) async throws {
    let path = try await client.get("/ipfs/\(cid)/photos", to: "/tmp")  // "/tmp/photos"
    print(path)
  }

  static func patterns(_ client: Client) async throws {
    let images = client.add("photos", recursive: true, pattern: "**/*.jpg")
    let site = client.add("site", recursive: true, pattern: ["**", ".well-known/**"])
    print(try await images.collect(), try await site.collect())
  }

  static func add(_ client: Client) async throws {
    for try await entry in client.add("photos", recursive: true, options: AddOptions(cidVersion: 1)) {
      print(entry.cid, entry.name)
    }
  }

  static func pubsub(_ client: Client) async throws {
    for try await message in try await client.pubsub.subscribe("news") {
      print(message.from, String(decoding: message.data, as: UTF8.self))
    }
  }

  static func json(_ client: Client) async throws {
    try await client.config.set("Addresses.Swarm", to: ["/ip4/0.0.0.0/tcp/4001"])
    let port = try await client.config.get("Addresses.API").string
    print(port ?? "")
  }
}
