/**
 * Every bound of the product in one place. The unit stands last in each name, and each number has its reason.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/* Names */
/** As ext4, XFS, APFS and NTFS allow, so that every name can be written back to disk. */
export const nameBytesMax = 255;
/** Deep enough for any real tree, and few enough that a walk's stack stays small. */
export const pathDepthMax = 128;

/* Chunks: FastCDC's published ratios (1/4, 1, 4) around 256 KiB, where per-chunk costs vanish and small edits stay small. */
export const chunkBytesMin = 64 * KiB;
export const chunkBytesAverage = 256 * KiB;
export const chunkBytesMax = 1 * MiB;
/** A sealed chunk is a chunk and its 16-byte authentication tag. */
export const sealedBytesMax = chunkBytesMax + 16;
/** Entries a page of a file record or a manifest holds: 8,192 × 72 bytes fit into one chunk. */
export const recordPageEntriesMax = 8192;
/** What a chunker keeps of a file while it cuts: four of the largest chunks, so that at most a quarter is ever moved. */
export const chunkerBufferBytes = 4 * chunkBytesMax;
/** One read of a file, and about what a thread seals before it looks for messages: a millisecond or two of work. */
export const sealBatchBytes = 1 * MiB;
/** Sealed bytes of one file that wait for their consumer, and plaintext bytes of one stream that wait for a thread: 5 ms of work hides every hand-over. */
export const sealAheadBytesMax = 4 * MiB;
/** Threads that cut and seal: two keep up with any disk or wire that we mean to serve, and leave the main loop a core. */
export const chunkingThreadsMax = 2;
/** Files and streams that one thread seals by turns: with their buffers they hold about 64 MiB at the most. */
export const chunkingFilesPerThreadMax = 8;
/** Single chunks handed to one thread at once: 32 MiB at the most. */
export const chunkingCallsPerThreadMax = 32;
/** Files, and single chunks, that wait for their turn; chunks of the average size are 128 MiB. A caller beyond that is told `busy`. */
export const chunkingWaitingMax = 512;

/* Catalogue */
/** Operations in one command: at about 500 bytes each a full batch still fits into one control frame. */
export const batchOperationsMax = 256;
/** Bytes of one command: a batch of the most operations with long names. */
export const commandBytesMax = 512 * KiB;
/** Rows a page of a query returns at the most. */
export const pageRowsMax = 500;
/** Sessions that the catalogue remembers; the one unused for longest makes room for a new one. */
export const sessionsMax = 10_000;
/** Sealed attributes of one revision or directory: times, mode and the reference to the content, with room to grow. */
export const attributesBytesMax = 4 * KiB;
/** A sealed name: the longest name and its 16-byte authentication tag. */
export const nameTokenBytesMax = nameBytesMax + 16;
/** Bytes of tokens and attributes in one page of a directory, so that the page fits into one control frame. */
export const pageBytesMax = 768 * KiB;
/** Members of one network: a group's own machines, and all of them fit into one page. */
export const peersMax = 500;
/** Addresses of one peer: every interface of a machine, in both families, over both transports. */
export const peerAddressesMax = 16;
/** One multiaddr as text: a long host name, a port and a peer id. */
export const addressBytesMax = 256;
/** A zone is a short label such as `cellar` or `eu-west`. */
export const zoneBytesMax = 63;
/** Invites that wait to be used: more than one a machine is a mistake or an attack. */
export const openInvitesMax = 1_000;
/** One invite as text: the most addresses at their longest would still fit. */
export const inviteCharactersMax = 8_192;
/** File keys in one order that ends a lease: 500 keys are 17 KiB. */
export const leaseKeysMax = 500;
/** An ended lease is remembered this long; nobody commits an upload a week after it was given up. */
export const endedLeaseMs = 7 * 24 * 60 * 60_000;
/** Memory in which the catalogue keeps pages of its database: about 100,000 files with their indexes. */
export const catalogueCacheBytesMax = 64 * MiB;
/** Commands that wait to be committed; further ones are answered `busy`. */
export const waitingCommandsMax = 1_024;
/** Bytes of the commands that wait: 32 of the largest. */
export const waitingCommandBytesMax = 16 * MiB;
/** Commands in one transaction: enough to share a flush, few enough that the event loop is not held for long. */
export const groupCommandsMax = 256;
/** Bytes of the commands in one transaction, unless one alone is larger: about 2,000 files. */
export const groupCommandBytesMax = 1 * MiB;

/* Wire */
/** One control message: a page of rows or a batch of operations, with room to spare. */
export const controlFrameBytesMax = 1 * MiB;
/** One message of the chunk protocol: the largest sealed chunk and its header. */
export const chunkFrameBytesMax = sealedBytesMax + 1 * KiB;
/** Chunk requests in flight on one stream: 8 × 1 MiB covers the delay of any link that we mean to serve. */
export const chunkRequestsInFlightMax = 8;
/** Chunk ids in one `have` question: 32 KiB of digests. */
export const haveIdsMax = 1024;
/** Calls that one peer may have running on another at once; more are answered `busy`. */
export const rpcCallsInFlightMax = 256;
/** Items or pieces of input that an RPC call may have on the way in each direction: enough to hide the delay of a link. */
export const rpcCreditItems = 32;
/** Bytes that an RPC call carries in one item or piece of input. */
export const rpcPieceBytesMax = 256 * KiB;
/** No call runs longer than this, whatever its caller asks for: a day, for the longest transfer. */
export const rpcDeadlineMsMax = 24 * 60 * 60_000;
/** File keys in one announcement or lookup: 500 keys are 16 KiB. */
export const holderKeysPerMessageMax = 500;
/** Holders named for one key in an answer: more would not make a get faster, and 500 × 8 peer ids stay below a control frame. */
export const holdersPerKeyMax = 8;
/** Peers that keep the holders of one key: with 8, seven may be away at once; k = 20 only more than doubles the messages. */
export const holderReplicas = 8;
/** Holders with which a lookup is content at once: three sources already fill a link. */
export const holdersWanted = 3;
/** Peers asked at once about one key: Kademlia's alpha. */
export const holderAsksPerKeyMax = 3;
/** Announcements under way at once: enough to hide a slow peer, few enough to leave the wire to the data. */
export const announceSendsMax = 8;
/** Keys without a holder for which one lookup walks the network: beyond it the catalogue is the cheaper answer. */
export const holderDiscoveriesMax = 4;
/** Peers of one bucket of the finger table: with 20 none of 300 simulated peers was missed, with 8 some were. */
export const fingersPerBucketMax = 20;
/** Kademlia streams that one connection may have open to us: a burst of queries, where the default resets the 33rd. */
export const kadStreamsMax = 256;

/* Consensus */
/** Data of one append: one command of the largest size, and batches of small ones well below a control frame. */
export const raftAppendBytesMax = 512 * KiB;
/** Appends in flight to one member: 64 small batches cover the delay of any link, and memory stays at 32 MiB a member. */
export const raftAppendsInFlightMax = 64;
/** Data of proposals that have not committed: a leader that lost its quorum must refuse before it runs out of memory. */
export const raftUncommittedBytesMax = 32 * MiB;
/** Data of the committed entries that one turn of the driver applies: large enough for speed, small enough to keep ticking. */
export const raftApplyBytesMax = 1 * MiB;
/** Messages that wait for the disk before they may leave: a full window to every member; more are lost, as on any network. */
export const raftOutboxMessagesMax = 4096;
/** Reads that wait for their confirmation at one member: as many calls as 16 busy peers may have running. */
export const raftReadsPendingMax = 4096;
/** Entries that a learner may lag behind when it is promoted: less than a second of writes at full speed. */
export const raftPromoteLagEntriesMax = 1000;
/** Voters and learners of one group: five coordinators and everybody who may ever replace one, and still one small page. */
export const raftMembersMax = 64;
/** What a configuration change may carry of its own: a peer id and a few addresses. */
export const raftConfigContextBytesMax = 4 * KiB;

/* Time */
/** A call that has no deadline of its own ends after this. */
export const callTimeoutMs = 30_000;
/** A dial that takes longer will not succeed on any network that a group of machines shares. */
export const dialTimeoutMs = 5_000;
/** A peer tells the coordinator this often that it is up, and with how much room. */
export const heartbeatMs = 1_000;
/** Without a heartbeat for this long a peer is suspected: not chosen for new files. */
export const suspectAfterMs = 5_000;
/** Without a heartbeat for this long a peer is down: reads go elsewhere. */
export const downAfterMs = 15_000;
/** An upload's chunks wait this long for their commit, counted from its last sign of life. */
export const leaseMs = 10 * 60_000;
/** A holder's announcement counts for this long: a day, as in the Kademlia implementations in use. */
export const holderRecordMs = 24 * 60 * 60_000;
/** Announcements are renewed when this much of their time is left, so that one missed round does no harm. */
export const holderRenewBeforeMs = 8 * 60 * 60_000;
/** What a lookup found is believed for this long before it is asked again. */
export const holderCacheMs = 5 * 60_000;
/** A peer that has not told its holder records by then is not worth waiting for: the catalogue knows them too. */
export const holderAskMs = 2_000;
/** The finger table gives up on a lookup after this: two rounds of silent peers and a walk. */
export const holderLookupMs = 5_000;
/** A peer that is silent for this long gets company: the next peers are asked beside it. */
export const holderHedgeMs = 300;
/** One announcement: a dial, and 500 rows on a busy disk. */
export const announceSendMs = 10_000;
/** First pause after an announcement failed; each further one doubles it. */
export const announceRetryMsMin = 1_000;
/** Longest pause after announcements failed: a peer that comes back has its records again within it. */
export const announceRetryMsMax = 10 * 60_000;
/** Peers often appear together: their arrival is answered once, after this much time. */
export const fingersSettleMs = 500;
/** Connected peers that the finger table lacks are taken in this often: a handshake on a busy machine may have been too slow. */
export const fingersTendMs = 30_000;
/** Expired holder records are swept this often; until then they are only not shown. */
export const holderSweepMs = 60_000;

/* Stores */
/** One segment file: large enough for sequential speed, small enough to compact in a moment. */
export const segmentBytesMax = 64 * MiB;
/** Chunks that share one flush to disk at the most: 16 × 256 KiB saturate a fast disk. */
export const flushGroupChunksMax = 64;
/** Space that a store leaves free, so that the catalogue can still vote and delete on a full disk. */
export const reservedBytes = 64 * MiB;
/** Holder records that a peer keeps for others: 1,000,000 keys are about 100 MiB on disk. */
export const holderRecordsMax = 1_000_000;
/** Of those, records of one announcing peer. */
export const holderRecordsPerPeerMax = 250_000;
/** Keys whose holders are remembered in memory after a lookup. */
export const holderCacheKeysMax = 10_000;
/** Bytes of chunks that share one flush: enough to hide its cost, and little enough that nobody waits long for it. */
export const flushGroupBytesMax = 16 * MiB;
/** Bytes of chunks that wait for a flush; further puts wait outside, so that slow disks do not fill the memory. */
export const storeQueueBytesMax = 64 * MiB;
/** Index rows that the store changes in one go, a few milliseconds, before the main loop gets its turn. */
export const storeRowsPerTransactionMax = 512;
/** Segment files that a store keeps open for reading: 4 GiB of chunks that are at hand without opening a file. */
export const openSegmentsMax = 64;
/** File records that a store adds or releases at once, in one entry of its log: their keys are 32 KiB. */
export const recordsPerNoteMax = 1024;
/** Damaged pieces that a store sets aside before it only counts them: 1 GiB at the most. */
export const quarantineFilesMax = 1000;
/** Bytes that are kept of one damaged piece: a whole chunk and its header. */
export const quarantinePieceBytesMax = sealedBytesMax + 1 * KiB;
/** A segment is rewritten when more than this share of it is dead: then each byte written frees at least one. */
export const segmentDeadShareMax = 0.5;
/** Expired holder records deleted in one step: some 20 ms, after which other work has its turn. */
export const holderSweepRowsMax = 1_000;
/** File keys that one round of announcing works on: four full messages a peer, less than 1 MiB of memory. */
export const announceBatchKeysMax = 2_000;
/** Peers whose silence is remembered, so that they are asked last: more than a peer has connections. */
export const peersRestingMax = 1_000;
/** Peers that are remembered to have our announcements; when there are more, all are told again. */
export const fingersKnownMax = 10_000;
/** Holder records shown by `fingers`: a screen of them. */
export const holderSampleMax = 20;

/* Connections */
export const connectionsMax = 300;
/** Handshakes under way at once: more than a group of machines needs, less than an attacker wants. */
export const pendingConnectionsMax = 32;
/** Connections of peers that are not members yet and may only join. */
export const strangerConnectionsMax = 8;
/** A stranger that has not joined by then is disconnected. */
export const strangerConnectionMs = 15_000;

/* Shell */
/** One script, from a file, stdin or `-c`: a thousand pages of commands; anything longer is a file given by mistake. */
export const scriptBytesMax = 1 * MiB;
/** Paths that one glob may expand to: more than anybody types for, and about 10 MiB of names. */
export const globMatchesMax = 100_000;
/** Lines that the prompt remembers, as the common shells do by default. */
export const historyLinesMax = 1000;
/** Characters of one line at the prompt: a pasted page fits, a pasted file is refused. */
export const inputCharactersMax = 16 * KiB;
/** Candidates that one Tab shows at the most: a screenful or two. */
export const completionsMax = 200;
/** Redraws of the bars in a second: more only flickers and costs time that the transfer needs. */
export const redrawsPerSecondMax = 8;
/** Bytes of command output gathered before they are written to a pipe or file: one write for hundreds of lines. */
export const outputBufferBytes = 32 * KiB;
/** New connections from one address a second: a whole group behind one router may start at once. */
export const inboundConnectionsPerSecondMax = 50;
/** Dials under way at once. */
export const parallelDialsMax = 32;
/** A handshake, and the naming of a protocol on a new stream, take milliseconds; a busy machine gets seconds. */
export const handshakeMs = 10_000;
/** Heartbeats keep a live connection busy; one silent for longer is dead. */
export const socketInactivityMs = 5 * 60_000;
/** Streams are kept open between uses; one idle for longer is opened anew. */
export const streamInactivityMs = 10 * 60_000;
/** Streams of one connection in each direction: a few of each protocol, and Kademlia's short ones. */
export const streamsPerConnectionMax = 512;
/** Inbound streams of our own protocols from one peer: libp2p's default of 32 resets the next one. */
export const inboundStreamsPerProtocolMax = 64;
/** A muxer frame: chunks travel in pieces this large, so that a heartbeat never waits for a whole chunk. */
export const muxerMessageBytesMax = 64 * KiB;
/** A stream starts with room for one chunk in flight … */
export const streamWindowBytes = 1 * MiB;
/** … and grows to what fills a fast link with some delay. */
export const streamWindowBytesMax = 4 * MiB;
/** Bytes that a stream may hold unread or unsent before it is reset: all chunks in flight, and some. */
export const streamBufferBytesMax = 16 * MiB;
/** A connection is asked for a sign of life this often. */
export const pingIntervalMs = 2_000;
/** No answer for this long, and the connection is given up; pings wait behind chunks, and a busy machine is late. */
export const pingTimeoutMs = 10_000;
/** Unknown peers at the door for which the coordinator is asked, a second: a flood of strangers must not flood it too. */
export const memberLookupsPerSecondMax = 5;
/** Streams of the chunk protocol to one peer: the second fills the pauses of the first. */
export const chunkStreamsPerPeer = 2;
/** A chunk that takes longer is asked for elsewhere: 8 chunks of 1 MiB over 1 Mbit/s take about a minute. */
export const chunkRequestMs = 120_000;
/** Chunks asked for in one question of an upload: a transfer's whole window. */
export const pinBatchChunks = 64;
/** Shells and scripts attached to one peer at once. */
export const controlConnectionsMax = 128;
/** Entries of a walk in one message: about 100 KiB. */
export const walkPageEntries = 250;
/** A transfer tells of its progress this often at the most: ten times a second looks smooth. */
export const transferProgressMs = 100;
/** Plaintext or sealed bytes that one transfer holds in memory at once. */
export const transferWindowBytes = 8 * MiB;
/** Files that a transfer works on at once unless told otherwise: enough to hide the latency of small ones. */
export const transferFilesDefault = 32;
/** … and at the most. */
export const transferFilesMax = 64;
/** Finished files that wait for their commit at once; they cost a few hundred bytes each. */
export const transferCommitsWaitingMax = 512;
/** File records in one question to a shelf or one order of the catalogue. */
export const recordsPerCallMax = 500;
/** A command whose answer does not come is sent this often at the most … */
export const commandTriesMax = 7;
/** … again after this long, then twice as long each time … */
export const commandRetryMs = 100;
/** … and given up after this long. */
export const commandTimeoutMs = 20_000;
/** Chunks that are fetched ahead of whoever reads a file in order. */
export const readAheadChunks = 8;
/** A shelf looks for leases that ran out this often. */
export const leaseSweepMs = 15_000;
/** A lease is ended this long after it ran out, for a renewal that is late. */
export const leaseGraceMs = 60_000;
/** Leases looked at in one step. */
export const leasesPerPage = 100;
/** A shelf looks for space to give back this often. */
export const compactionMs = 60_000;
/** Members without a connection are dialled this often … */
export const redialMs = 5_000;
/** … this many at once. */
export const redialsAtOnceMax = 8;
/** Chunk ids that `why` shows. */
export const whyChunksShown = 4;
/** `why` waits this long for each holder. */
export const whyHoldersAskedMs = 3_000;
/** The answer to a join carries the list of members. */
export const joinFrameBytesMax = 1 * MiB;
/** Joining commits one command; a busy coordinator gets some time. */
export const joinTimeoutMs = 10_000;
/** A heartbeat that takes longer is given up; the next one is due already. */
export const heartbeatTimeoutMs = 3_000;
/** An invite counts for this long unless told otherwise: a day to walk over to the other machine … */
export const inviteMs = 24 * 60 * 60_000;
/** … and for a month at the most. */
export const inviteMsMax = 30 * 24 * 60 * 60_000;
/** A peer that starts waits this long for the coordinator before it serves without it. */
export const entryWaitMs = 4_000;
/** A shell that finds the data folder held looks for the holder's socket this often … */
export const attachRetryMs = 50;
/** … for this long. */
export const attachWaitMs = 5_000;
/** A peer that was told to stop ends within this. */
export const stopMs = 4_500;
/** A chunk whose transfer breaks off is sent, or asked for from all its holders, this often … */
export const chunkTriesMax = 4;
/** … first again after this long: time to connect anew. */
export const chunkRetryMs = 250;
/** Buffers for arriving chunks that a peer keeps for the next ones: those of two busy streams. */
export const frameBuffersKeptBytes = 8 * MiB;
/** Data lanes that a peer accepts at once: a few from each of a large group's peers. */
export const laneConnectionsMax = 256;
/** Lanes that were offered and not opened yet. */
export const laneOffersMax = 64;
/** An offer of a lane counts this long, and its handshake may take as long. */
export const laneHandshakeMs = 3_000;
/** Where no lane could be opened (a firewall, say), libp2p streams serve for this long before a lane is tried again. */
export const laneRetryMs = 60_000;
/** The smallest buffer that is kept for another use; below that a new one costs nothing. */
export const reusedBufferBytesMin = 64 * KiB;
/** Room beside a chunk in a reused buffer: for its tag and its frame's header. */
export const reusedBufferSlackBytes = 4 * KiB;
/** Buffers for sealed chunks that a chunking thread keeps for the next ones. */
export const sealedBuffersKeptBytes = 8 * MiB;
/** Sessions of commands that a peer keeps for its next commands: as many as it has under way in busy times. */
export const restingSessionsMax = 64;
/** Events of a transfer in one message of the control socket. */
export const transferEventsPerMessage = 250;
/** Events of a transfer that wait for a slow reader: a few MiB, far more than a terminal ever is behind. */
export const transferEventsWaitingMax = 10_000;
