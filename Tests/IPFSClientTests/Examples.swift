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
    for try await message in client.pubsub.subscribe("news") {
      print(message.from, String(decoding: message.data, as: UTF8.self))
    }
  }

  static func json(_ client: Client) async throws {
    try await client.config.set("Addresses.Swarm", to: ["/ip4/0.0.0.0/tcp/4001"])
    let port = try await client.config.get("Addresses.API").string
    print(port ?? "")
  }
}
