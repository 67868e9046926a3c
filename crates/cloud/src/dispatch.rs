//! The life of a request, written once: bytes, parameters, operation, signature, caller, request, permission, one transaction with
//! its idempotency and its audit row, reply.

use std::cell::RefCell;
use std::sync::Arc;

use coffer_base::{ApiError, Arn, Clock, ErrorCode, Region, Rng, SeededRng, ids, limits};
use coffer_store::audit::{self, Nonce};
use coffer_store::jobs::Job;
use coffer_store::{Db, StoreError, Tx, accounts, idempotency};

use crate::audit::Line;
use crate::auth::replay::Replays;
use crate::auth::signature::{Claim, Coverage, Scheme};
use crate::auth::{Authenticated, Failures, KeyUses, Login, PolicyCache, anonymous, authenticate, authorize, resume};
use crate::bell::{Bell, Wait};
use crate::caller::{Caller, Identity};
use crate::context::{Cx, Origin};
use crate::costly::{Made, Step, Steps};
use crate::encode::{self, Format};
use crate::exchange::{Incoming, Outgoing};
use crate::idempotent;
use crate::keyring::Keyring;
use crate::metrics::Meter;
use crate::operation::{Access, Decoded, Effect, Entry};
use crate::parameters::Parameters;
use crate::product::Product;
use crate::settings::Settings;
use crate::testing::Testing;
use crate::throttle::Throttle;
use crate::value::Value;
use crate::version_uses::VersionUses;
use crate::volumes::Volumes;
use crate::{coffer, ecs, kms, location, ram, sts};

/// The whole service behind the gateway. Clones share everything.
#[derive(Clone)]
pub struct Cloud(pub(crate) Arc<Shared>);

/// What every request and job works with.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) settings: Settings,
    pub(crate) policies: PolicyCache,
    pub(crate) uses: KeyUses,
    pub(crate) version_uses: VersionUses,
    pub(crate) failures: Failures,
    pub(crate) throttle: Throttle,
    pub(crate) replays: Replays,
    pub(crate) steps: Steps,
    pub(crate) volumes: Volumes,
    pub(crate) bell: Bell,
    pub(crate) meter: Meter,
    /// There in test mode alone.
    pub(crate) testing: Option<Testing>,
}

/// A request on its way, once its operation is known.
struct Call {
    entry: &'static Entry,
    caller: Caller,
    origin: Origin,
    request_id: String,
    nonce: Option<Nonce>,
    token: Option<idempotent::Token>,
    /// Whether the use of the access key is to be recorded.
    use_due: bool,
    /// What was made before its transaction.
    made: Option<Made>,
}

/// How far a request came with what it read.
#[expect(clippy::large_enum_variant, reason = "each is on its way once, and most are the large one")]
enum Begun {
    /// It is done but for being put on record.
    Done(Done),
    /// It has yet to write, or something has to be made first.
    Waits(Call, Decoded, Option<Step>),
}

/// A read or a use: its outcome, and what is to be put on record.
struct Done {
    call: Call,
    outcome: Result<Answer, ApiError>,
    line: Option<Line>,
    /// What it found nothing of and waits for.
    wait: Option<Wait>,
}

/// An answer, and what the caller is to be told beside it.
struct Answer {
    value: Value,
    warnings: Vec<String>,
}

/// What the paths of test mode begin with. In test mode they never come here.
const TEST_PATHS: &str = "/test/";

/// The answer of a write, and the jobs to be done before it is given.
type Written = (Answer, Vec<Job>);

impl Cloud {
    /// Puts the parts together. What was used lately is read from the audit, so that nothing of it is answered a second time.
    pub fn new(
        db: Db,
        clock: Clock,
        rng: Arc<dyn Rng>,
        keyring: impl Into<Arc<Keyring>>,
        settings: Settings,
        volumes: Volumes,
    ) -> Result<Self, StoreError> {
        let replays = Replays::new(limits::NONCES);
        // A request may have been signed as far ahead of its use as it is good afterwards.
        let since = clock.now().plus_ms(-2 * limits::TIMESTAMP_WINDOW_MS);
        db.read(|tx| audit::nonces(tx, since, |account, nonce| replays.remember(account, clock.now(), nonce)))?;
        Ok(Self(Arc::new(Shared {
            db,
            clock,
            rng,
            keyring: keyring.into(),
            settings,
            policies: PolicyCache::default(),
            uses: KeyUses::default(),
            version_uses: VersionUses::default(),
            failures: Failures::default(),
            throttle: Throttle::default(),
            replays,
            steps: Steps::default(),
            volumes,
            bell: Bell::default(),
            meter: Meter::default(),
            testing: None,
        })))
    }

    /// The same in test mode. To be called before anybody else has it.
    #[must_use]
    pub fn in_test_mode(self, testing: Testing) -> Self {
        let shared = Arc::into_inner(self.0).expect("nobody else has it yet");
        let replays = Replays::new(limits::NONCES).by(testing.machine.clone());
        Self(Arc::new(Shared { replays, testing: Some(testing), ..shared }))
    }

    /// Answers one request. A write's answer comes once it is durable.
    pub async fn handle(&self, incoming: Incoming) -> Outgoing {
        self.answer(incoming, None).await
    }

    /// The same for a caller who has proven before who it is. Nothing but the signature is left out: policies are asked, and writes
    /// are put on record, as for that caller's own request.
    pub async fn handle_as(&self, incoming: Incoming, login: &Login) -> Outgoing {
        self.answer(incoming, Some(login)).await
    }

    async fn answer(&self, incoming: Incoming, login: Option<&Login>) -> Outgoing {
        let request_id = self.request_id();
        let host = host_of(&incoming);
        if incoming.path.starts_with(TEST_PATHS) {
            let error = ErrorCode::NotInTestMode.into();
            return encode::failure(Format::Json, None, &host, request_id, &error);
        }
        let parameters = Parameters::parse(&incoming);
        let claim = parameters.as_ref().ok().map(|parameters| match login {
            Some(login) => Claim::of_login(parameters, login),
            None => Claim::read(&incoming, parameters),
        });
        let product =
            claim.as_ref().and_then(|claim| claim.as_ref().ok()).and_then(|c| Product::by_version(&c.version));
        let format = format(parameters.as_ref().ok(), &incoming, product);
        let action = claim.as_ref().and_then(|claim| claim.as_ref().ok()).and_then(known_action).unwrap_or_default();
        let outcome = match (parameters, claim) {
            (Ok(parameters), Some(Ok(claim))) => self.guarded(&incoming, &parameters, &claim, &request_id).await,
            (Err(error), _) | (_, Some(Err(error))) => Err(error),
            (Ok(_), None) => unreachable!("a claim is read whenever the parameters were"),
        };
        match outcome {
            Ok((entry, Answer { value, warnings })) => {
                let answer = encode::success(format, entry.product, entry.operation.name, request_id, value);
                Outgoing { warnings, ..answer }
            }
            Err(error) => {
                if let Some(cause) = error.source() {
                    tracing::error!(request_id, %cause, "the request failed");
                }
                let mut answer = encode::failure(format, product, &host, request_id, &error);
                answer.about.action = action;
                answer
            }
        }
    }

    /// Answers a request that could not be read, or may not be.
    pub fn refuse(&self, error: &ApiError) -> Outgoing {
        encode::early_failure(self.request_id(), error)
    }

    fn request_id(&self) -> String {
        ids::request_id(self.0.randomness(self.0.stream("request").as_ref()))
    }

    /// Serves a source that has not failed too often to prove who it is.
    async fn guarded(
        &self,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<(&'static Entry, Answer), ApiError> {
        let (most, failures) = (self.0.settings.most_failures, &self.0.failures);
        let is_signed = claim.login.is_some() || !matches!(claim.scheme, Scheme::Anonymous);
        failures.check(incoming.peer, most, is_signed, self.0.clock.now())?;
        let outcome = self.serve(incoming, parameters, claim, request_id).await;
        if let Err(error) = &outcome {
            failures.note(incoming.peer, error, is_signed, self.0.clock.now());
        }
        outcome
    }

    async fn serve(
        &self,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<(&'static Entry, Answer), ApiError> {
        let entry = find(incoming, claim)?;
        if let Some(testing) = &self.0.testing {
            testing.faults.judge(entry, testing.machine.now())?;
        }
        let begun = self.0.db.read(|tx| {
            let (call, decoded) = self.prepare(tx, entry, incoming, parameters, claim, request_id)?;
            self.0.begin(tx, call, decoded)
        })?;
        let mut done = match begun {
            Begun::Done(done) => done,
            Begun::Waits(mut call, decoded, step) => {
                if let Some(step) = step {
                    call.made = Some(self.0.steps.take(step, &self.0.rng).await?);
                }
                if entry.operation.effect == Effect::Write {
                    return self.write(call, decoded).await.map(|answer| (entry, answer));
                }
                self.0.db.read(|tx| Ok::<_, StoreError>(self.0.read(tx, call, decoded)))?
            }
        };
        let mut until = None;
        while let Some(wait) = done.wait
            && self.0.bell.wait(Wait { until: *until.get_or_insert(wait.until), ..wait }).await
        {
            let call = done.call;
            done = self.0.db.read(|tx| Ok::<_, ApiError>(self.0.read(tx, call, (entry.decode)(parameters)?)))?;
        }
        self.conclude(done).await.map(|answer| (entry, answer))
    }

    /// Puts a use on record, and that an access key was used.
    async fn conclude(&self, done: Done) -> Result<Answer, ApiError> {
        let Done { call, outcome, line, .. } = done;
        let (now, due, use_due) = (self.0.clock.now(), line.is_some(), call.use_due);
        // It has no part in `Shared`: the writer, which may be behind, must not be who closes the database.
        let record = move |tx: &Tx<'_>| {
            if use_due {
                accounts::set_last_use(tx, &call.caller.access_key_id, now)?;
            }
            line.map_or(Ok(()), |line| line.append(tx, &[]))
        };
        if due {
            self.0.db.record(record).await?;
        } else if use_due {
            // Nobody waits for it: what is lost is a moment that memory still has.
            drop(self.0.db.record(record));
        }
        outcome
    }

    async fn write(&self, call: Call, decoded: Decoded) -> Result<Answer, ApiError> {
        let shared = Arc::clone(&self.0);
        let (answer, prompts) = self.0.db.write(move |tx| shared.write(tx, &call, decoded)).await??;
        self.work_promptly(prompts).await;
        Ok(answer)
    }

    /// Everything up to the request that can be done without changing anything.
    fn prepare(
        &self,
        tx: &Tx<'_>,
        entry: &'static Entry,
        incoming: &Incoming,
        parameters: &Parameters,
        claim: &Claim,
        request_id: &str,
    ) -> Result<(Call, Decoded), ApiError> {
        let shared = &*self.0;
        let (now, operation) = (shared.clock.now(), entry.operation);
        let authenticated = if let Some(login) = &claim.login {
            resume(tx, &shared.keyring, now, login)?
        } else if operation.access == Access::Anyone && matches!(claim.scheme, Scheme::Anonymous) {
            anonymous(parameters)
        } else {
            authenticate(tx, &shared.keyring, &shared.replays, now, incoming, parameters, claim, operation.effect)?
        };
        let Authenticated { caller, nonce, coverage } = authenticated;
        // Not of someone who only says which account is meant: that account's own calls would be refused.
        if !matches!(caller.identity, Identity::Federated { .. }) {
            shared.throttle.take(&shared.settings.throttling, entry, &caller.account, now)?;
        }
        let covered;
        let parameters = match coverage {
            Coverage::Everything => parameters,
            Coverage::NonEmpty => {
                let mut kept = parameters.clone();
                kept.drop_empty();
                covered = kept;
                &covered
            }
        };
        let mut origin = Origin {
            peer: incoming.peer,
            tls: incoming.tls,
            region: region_of(incoming, parameters, claim, entry.product)?,
            host: host_of(incoming),
            user_agent: incoming.header("user-agent").map(str::to_owned),
            request_tags: Vec::new(),
        };
        let token = entry
            .operation
            .idempotent
            .then(|| idempotent::Token::read(parameters, entry.operation))
            .transpose()?
            .flatten();
        let decoded = (entry.decode)(parameters)?;
        origin.request_tags = (entry.tags)(&decoded);
        let long_term = matches!(caller.identity, Identity::Account | Identity::User { .. });
        let use_due = long_term && shared.uses.note(&caller.access_key_id, shared.clock.now());
        Ok((
            Call { entry, caller, origin, request_id: request_id.to_owned(), nonce, token, use_due, made: None },
            decoded,
        ))
    }
}

impl Shared {
    /// Randomness of a call's own, where a seed was given.
    fn stream_of(&self, entry: &Entry) -> Option<SeededRng> {
        self.testing.as_ref()?;
        self.stream(&[entry.product.name(), ":", entry.operation.name].concat())
    }

    fn cx<'a>(&'a self, tx: &'a Tx<'a>, call: &'a Call) -> Cx<'a> {
        let cx = self.cx_of(tx, &call.caller, &call.origin);
        Cx { made: call.made.as_ref(), operation: Some(call.entry.operation), ..cx }
    }

    /// The surroundings of what `caller` does.
    pub(crate) fn cx_of<'a>(&'a self, tx: &'a Tx<'a>, caller: &'a Caller, origin: &'a Origin) -> Cx<'a> {
        Cx {
            tx,
            caller,
            now: self.clock.now(),
            rng: &*self.rng,
            keyring: &self.keyring,
            settings: &self.settings,
            policies: &self.policies,
            uses: &self.uses,
            version_uses: &self.version_uses,
            origin,
            made: None,
            operation: None,
            key: RefCell::default(),
            conditions: Vec::new(),
            named: Vec::new(),
            found: Vec::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
            host: &self.volumes.host,
            kms_is_down: self.kms_is_down(),
            prompts: Vec::new(),
            wait: None,
        }
    }

    /// Does what needs neither the writer nor anything made first.
    fn begin(&self, tx: &Tx<'_>, call: Call, decoded: Decoded) -> Result<Begun, ApiError> {
        let step = self.costly(tx, &call, &decoded)?;
        if step.is_some() || call.entry.operation.effect == Effect::Write {
            return Ok(Begun::Waits(call, decoded, step));
        }
        Ok(Begun::Done(self.read(tx, call, decoded)))
    }

    /// What is to be done before the transaction. Only a caller who may have it gets that far.
    fn costly(&self, tx: &Tx<'_>, call: &Call, decoded: &Decoded) -> Result<Option<Step>, ApiError> {
        let entry = call.entry;
        let Some(costly) = entry.costly else { return Ok(None) };
        let mut cx = self.cx(tx, call);
        let permitted = Self::permit(&mut cx, entry, decoded, &mut Vec::new());
        match permitted.and_then(|()| costly(&mut cx, decoded)) {
            Ok(step) => Ok(step),
            Err(error) if error.source().is_some() => Err(error),
            // The transaction comes to the same refusal, and puts it on record.
            Err(_) => Ok(None),
        }
    }

    /// A read or a use on a snapshot.
    fn read(&self, tx: &Tx<'_>, call: Call, decoded: Decoded) -> Done {
        let own = self.stream_of(call.entry);
        let mut cx = Cx { rng: self.randomness(own.as_ref()), ..self.cx(tx, &call) };
        let mut resources = Vec::new();
        let outcome = Self::perform(&mut cx, &call, decoded, &mut resources);
        assert!(cx.prompts.is_empty(), "jobs are of writes");
        let ours = outcome.as_ref().err().is_some_and(|error| error.source().is_some());
        let recorded = call.entry.operation.effect == Effect::Use && !ours;
        let line = || Line::of(&cx, call.entry, &call.request_id, &resources, outcome.as_ref().err());
        let line = recorded.then(|| line().with_nonce(call.nonce));
        let outcome = outcome.map(|value| Answer { value, warnings: std::mem::take(&mut cx.warnings) });
        let wait = cx.wait.filter(|_| outcome.is_ok());
        Done { call, outcome, line, wait }
    }

    /// A write inside its transaction: what it does is undone when it fails; that it was tried stays on record.
    fn write(&self, tx: &Tx<'_>, call: &Call, decoded: Decoded) -> Result<Result<Written, ApiError>, ApiError> {
        if let Some(Nonce { fingerprint, expires_at }) = &call.nonce
            && !idempotency::take_nonce(tx, fingerprint, *expires_at)?
        {
            return Err(ErrorCode::NonceUsed.into());
        }
        if call.use_due {
            accounts::set_last_use(tx, &call.caller.access_key_id, self.clock.now())?;
        }
        let own = self.stream_of(call.entry);
        let mut cx = Cx { rng: self.randomness(own.as_ref()), ..self.cx(tx, call) };
        let mut resources = Vec::new();
        let outcome = tx.atomic(|_| Self::perform(&mut cx, call, decoded, &mut resources));
        if let Err(error) = &outcome
            && error.source().is_some()
        {
            // Ours, not the caller's: the transaction may not be in a state to be written on.
            return Ok(outcome.map(|value| (Answer { value, warnings: Vec::new() }, Vec::new())));
        }
        Line::of(&cx, call.entry, &call.request_id, &resources, outcome.as_ref().err()).append(tx, &cx.notes)?;
        Ok(outcome.map(|value| (Answer { value, warnings: cx.warnings }, cx.prompts)))
    }

    /// Refuses unless the caller may do this to its resources, which are put into `resources`.
    fn permit(cx: &mut Cx<'_>, entry: &Entry, decoded: &Decoded, resources: &mut Vec<Arn>) -> Result<(), ApiError> {
        let open = kms::service::require_open(cx, entry.operation);
        let found = open.and_then(|()| (entry.resources)(cx, decoded)).map(|found| *resources = found);
        authorize(cx, entry.product, entry.operation, found.map(|()| &**resources))
    }

    fn perform(cx: &mut Cx<'_>, call: &Call, decoded: Decoded, resources: &mut Vec<Arn>) -> Result<Value, ApiError> {
        let entry = call.entry;
        Self::permit(cx, entry, &decoded, resources)?;
        let Some(token) = &call.token else { return (entry.run)(cx, decoded) };
        if let Some(answer) = token.recall(cx, entry.operation)? {
            return Ok(answer);
        }
        let value = (entry.run)(cx, decoded)?;
        token.remember(cx, entry.operation.name, &value)?;
        Ok(value)
    }
}

/// The operation that a request asks for.
fn find(incoming: &Incoming, claim: &Claim) -> Result<&'static Entry, ApiError> {
    let named = named_product(incoming, claim)?;
    let product = Product::by_version(&claim.version).ok_or(ErrorCode::InvalidVersion)?;
    if named.is_some_and(|named| named != product) {
        return Err(ErrorCode::InvalidVersion.into());
    }
    let table = operations(product);
    Ok(table.iter().find(|entry| entry.operation.name == claim.action).ok_or(ErrorCode::UnknownAction)?)
}

/// The name of the action that a request asks for, if there is one of that name.
fn known_action(claim: &Claim) -> Option<&'static str> {
    let table = operations(Product::by_version(&claim.version)?);
    Some(table.iter().find(|entry| entry.operation.name == claim.action)?.operation.name)
}

/// The table of a product.
pub fn operations(product: Product) -> &'static [Entry] {
    match product {
        Product::Ecs => ecs::OPERATIONS,
        Product::Kms => kms::OPERATIONS,
        Product::Ram => ram::OPERATIONS,
        Product::Sts => sts::OPERATIONS,
        Product::Location => location::OPERATIONS,
        Product::Coffer => coffer::OPERATIONS,
    }
}

/// The product that the path or the host names, if one does.
fn named_product(incoming: &Incoming, claim: &Claim) -> Result<Option<Product>, ApiError> {
    let path = incoming.path.trim_matches('/');
    if !path.is_empty() {
        return Ok(Some(Product::by_name(path).ok_or(ErrorCode::UnknownProduct)?));
    }
    let host = vouched_host_of(incoming, claim);
    Ok(host.split('.').next().and_then(Product::by_name))
}

/// The host as the client called it, with its port. The Python credentials library sends a whole URL there.
fn host_of(incoming: &Incoming) -> String {
    let host = incoming.header("host").unwrap_or_default();
    host.trim_start_matches("http://").trim_start_matches("https://").to_owned()
}

/// The same, if it may say what is asked for; else nothing.
fn vouched_host_of(incoming: &Incoming, claim: &Claim) -> String {
    if claim.vouches_for_host() { host_of(incoming) } else { String::new() }
}

/// The region that a request names: by its parameter, by a label of the host (`kms.cn-beijing.example.com`) unless the signature could
/// cover that and does not, or in the scope of a V4 signature.
fn region_of(
    incoming: &Incoming,
    parameters: &Parameters,
    claim: &Claim,
    product: Product,
) -> Result<Option<Region>, ApiError> {
    if let Some(id) = parameters.get("RegionId").filter(|id| !id.is_empty()) {
        return match Region::parse(id) {
            // The parameter of an ECS operation has a documented error of its own.
            None if product == Product::Kms => Err(product.invalid_parameter("RegionId")),
            region => Ok(region),
        };
    }
    let by_host = vouched_host_of(incoming, claim).split([':', '.']).find_map(Region::parse);
    Ok(by_host.or_else(|| claim.scope_region().and_then(Region::parse)))
}

fn format(parameters: Option<&Parameters>, incoming: &Incoming, product: Option<Product>) -> Format {
    let asked = parameters.and_then(|parameters| parameters.get("Format"));
    match asked {
        Some(text) if text.eq_ignore_ascii_case("xml") => Format::Xml,
        Some(text) if text.eq_ignore_ascii_case("json") => Format::Json,
        // V3 clients set this header and can't read anything else.
        _ if incoming.header("x-acs-action").is_some() && incoming.header("x-acs-date").is_some() => Format::Json,
        _ if product.is_some_and(Product::defaults_to_xml) => Format::Xml,
        _ => Format::Json,
    }
}
